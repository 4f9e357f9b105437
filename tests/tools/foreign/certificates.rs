//! A CA and a certificate of it for `localhost`, as files that servers read.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// Leaves `ca.pem`, `ca.key`, `server.pem`, `server.key`, and `both.pem`, which is these two in one file.
pub(crate) fn make(folder: &Path) {
    let write = |name: &str, content: &str| fs::write(folder.join(name), content).expect("a file");
    let mut params = lasting(CertificateParams::default());
    params
        .distinguished_name
        .push(DnType::CommonName, "a company's CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate().expect("a key");
    write("ca.pem", &params.self_signed(&key).expect("a CA").pem());
    write("ca.key", &key.serialize_pem());
    let issuer = Issuer::new(params, key);

    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let params = lasting(CertificateParams::new(names).expect("host names"));
    let key = KeyPair::generate().expect("a key");
    let certificate = params
        .signed_by(&key, &issuer)
        .expect("a certificate")
        .pem();
    write("server.pem", &certificate);
    write("server.key", &key.serialize_pem());
    write("both.pem", &(certificate + &key.serialize_pem()));
}

fn lasting(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2091, 1, 1);
    params
}
