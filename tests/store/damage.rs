//! Every truncation and every flipped bit of a valid file.

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::support::command::Sekuire;
use crate::support::home::Home;

/// With everything that a file can have.
const WHOLE: &str = "{\n  \"api_key\": \"sk_live_abc123def456xyz\",\n  \"device_fingerprint\": \"a47803fe\",\n  \"org_id\": \"org_\\u00e9\",\n  \"workspace_id\": null,\n  \"backend_url\": \"https://a.example:8443/b\"\n}\n";

#[test]
fn every_damage_is_told_in_time_and_changes_nothing() {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let whole = WHOLE.as_bytes();
    for length in 0..=whole.len() {
        files.push((format!("cut to {length} bytes"), whole[..length].to_vec()));
    }
    for bit in 0..8 * whole.len() {
        let mut flipped = whole.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        files.push((
            format!("bit {} of byte {} flipped", bit % 8, bit / 8),
            flipped,
        ));
    }
    let count = files.len();
    let queue = Mutex::new(files.into_iter());
    let codes = Mutex::new([0; 4]);
    let workers = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let home = Home::new();
                home.write_auth("");
                loop {
                    let Some((name, content)) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let code = read_damaged(&home, &name, &content);
                    codes.lock().unwrap()[code] += 1;
                }
            });
        }
    });
    let [well, out, usage, damaged] = codes.into_inner().unwrap();
    assert_eq!(usage, 0, "damage is no usage error");
    assert_eq!(well + out + damaged, count);
    assert!(
        well > 0 && damaged > count / 4,
        "{well} well, {out} out, {damaged} damaged"
    );
}

/// The exit status of `status`.
fn read_damaged(home: &Home, name: &str, content: &[u8]) -> usize {
    fs::write(home.auth_json(), content).unwrap();
    let outcome = Sekuire::new()
        .home(home)
        .arg("status")
        .timeout(Duration::from_secs(20))
        .run();
    let code = outcome.code.and_then(|code| usize::try_from(code).ok());
    let Some(code @ (0 | 1 | 3)) = code else {
        panic!("{name}: {outcome}");
    };
    assert!(
        outcome.elapsed < Duration::from_secs(1),
        "{name}: {outcome}"
    );
    assert_eq!(
        code == 3,
        outcome.stderr.contains("error: "),
        "{name}: {outcome}"
    );
    assert!(!outcome.stderr.contains("panicked"), "{name}: {outcome}");
    assert_eq!(
        fs::read(home.auth_json()).unwrap(),
        content,
        "{name}: the file was changed"
    );
    assert_eq!(home.listing(), ["auth.json"], "{name}");
    code
}
