//! Quotation for a shell: three shells give back the same path. Where a path is not text, it is one word all the same.

#![no_main]

#[path = "../../src/shell.rs"]
mod shell;

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // A path has no zero byte: an input is many paths, for starting a shell is what takes the time.
    let paths: Vec<&[u8]> = bytes.split(|byte| *byte == 0).collect();
    let mut script = "printf '%s\\0'".to_owned();
    for path in &paths {
        script.push(' ');
        script.push_str(&shell::quote(Path::new(OsStr::from_bytes(path))));
    }
    for name in ["/bin/sh", "/bin/dash", "/bin/bash"] {
        let told = ask(name, &script);
        let told: Vec<&[u8]> = told.split(|byte| *byte == 0).collect();
        let wanted: Vec<String> = paths
            .iter()
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .chain([String::new()])
            .collect();
        for (path, told) in wanted.iter().zip(&told) {
            assert_eq!(path.as_bytes(), *told, "{name} of {path:?}");
        }
        assert_eq!(wanted.len(), told.len(), "{name}");
    }
});

fn ask(shell: &str, script: &str) -> Vec<u8> {
    let mut child = Command::new(shell)
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A shell that takes it for a mistake does not read on.
    let _ = stdin.write_all(script.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("its output").stdout
}
