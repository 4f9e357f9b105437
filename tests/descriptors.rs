//! Standard descriptors as some parents leave them: not blocking, closed, leading to odd places.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use crate::fixtures::{SECRET, login_success, sekuire, with_backend};
use crate::support::backend::{Backend, KEY};
use crate::support::command::{Sekuire, binary};
use crate::support::home::Home;
use crate::support::needs;
use crate::support::process::comes_to_rest;
use crate::support::seccomp::{Refused, filter};

fn flags(of: impl AsFd) -> OFlag {
    OFlag::from_bits_retain(fcntl(of, FcntlArg::F_GETFL).expect("flags"))
}

fn set_nonblocking(end: impl AsFd) {
    let now = flags(&end);
    fcntl(&end, FcntlArg::F_SETFL(now | OFlag::O_NONBLOCK)).expect("O_NONBLOCK");
}

/// The command reads this slow pipe, whose reading end the parent keeps, too.
#[track_caller]
fn waits_for_its_input(arguments: &[&str], pieces: &[&str]) {
    let backend = Backend::http();
    let home = Home::new();
    let (input, mut writer) = io::pipe().expect("a pipe");
    set_nonblocking(&input);
    let shared = input.try_clone().expect("a descriptor");
    let mut login = with_backend(&home, &backend)
        .args(arguments)
        .stdin_from(input)
        .spawn();
    for piece in pieces {
        assert!(comes_to_rest(login.pid()), "busy");
        writer.write_all(piece.as_bytes()).expect("it is read");
    }
    drop(writer);
    let outcome = login.finish();
    outcome.exits(0).complains_not().hides(SECRET);
    assert!(
        outcome.stdout.ends_with(&login_success(&backend.url())),
        "{outcome}"
    );
    assert!(flags(&shared).contains(OFlag::O_NONBLOCK), "{arguments:?}");
}

#[test]
fn a_pipe_that_does_not_block_is_waited_for_and_keeps_its_flag() {
    let (half, rest) = KEY.split_at(10);
    for arguments in [&["login"][..], &["login", "--api-key-stdin"]] {
        waits_for_its_input(arguments, &[half, rest, "\n"]);
        waits_for_its_input(arguments, &[KEY]);
    }
}

#[test]
fn a_slow_reader_of_an_output_that_does_not_block_gets_all_of_it() {
    for (arguments, to_stderr) in [(&["man"][..], false), (&["help"], false), (&[], true)] {
        let whole = Sekuire::new().args(arguments).run();
        let (mut reader, writer) = io::pipe().expect("a pipe");
        // As small as can be, and full but for a few bytes.
        fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).expect("a small pipe");
        (&writer).write_all(&[b'.'; 4000]).expect("there is room");
        set_nonblocking(&writer);
        let shared = writer.try_clone().expect("a descriptor");
        let command = Sekuire::new().args(arguments);
        let mut running = if to_stderr {
            command.stderr_to(writer).spawn()
        } else {
            command.stdout_to(writer).spawn()
        };
        assert!(comes_to_rest(running.pid()), "busy");
        assert!(flags(&shared).contains(OFlag::O_NONBLOCK), "{arguments:?}");
        drop(shared);
        let mut received = String::new();
        reader.read_to_string(&mut received).expect("text");
        let outcome = running.finish();
        assert_eq!(outcome.code, whole.code, "{arguments:?}; {outcome}");
        let expected = if to_stderr {
            &whole.stderr
        } else {
            &whole.stdout
        };
        assert_eq!(
            received.get(4000..),
            Some(expected.as_str()),
            "{arguments:?}"
        );
    }
}

/// An end that nobody holds is an error or an end as ever, not waited for.
#[test]
fn ends_that_do_not_block_end() {
    let home = Home::new();
    let (input, writer) = io::pipe().expect("a pipe");
    set_nonblocking(&input);
    drop(writer);
    sekuire(&home)
        .args(["login", "--api-key-stdin"])
        .stdin_from(input)
        .run()
        .exits(1);
    let (reader, output) = io::pipe().expect("a pipe");
    set_nonblocking(&output);
    drop(reader);
    let outcome = sekuire(&home).arg("man").stdout_to(output).run();
    assert!(!outcome.stderr.contains("error"), "{outcome}");
}

#[test]
fn what_is_no_input_is_an_error() {
    let backend = Backend::http();
    let home = Home::new();
    let folder = File::open("/").expect("a folder");
    let (_reader, write_only) = io::pipe().expect("a pipe");
    let sources: [(&str, OwnedFd); 2] = [
        ("a folder", folder.into()),
        ("write-only", write_only.into()),
    ];
    for (name, source) in sources {
        let outcome = with_backend(&home, &backend)
            .args(["login", "--api-key-stdin"])
            .stdin_from(source)
            .run();
        assert_eq!(outcome.code, Some(3), "{name}; {outcome}");
        outcome.complains("error: can't read the API key from standard input");
    }
    assert_eq!(backend.connections(), 0);
}

/// In a namespace whose / its owner can enter, but not read.
const IN_UNREADABLE_ROOT: &str = r#"
set -eu
root=$1 program=$2 url=$3
cd "$root"
for folder in bin lib lib64 usr dev "${program%/*}"; do
    [ -d "/$folder" ] || continue
    mkdir -p "./$folder"
    mount --rbind "/$folder" "./$folder"
done
chmod 0311 "$root"
export SEKUIRE_API_KEY=$4 HOME=/ SEKUIRE_DEVICE_ID=runner-1
exec chroot "$root" setpriv --bounding-set=-all --inh-caps=-all \
    sh -c 'ls / 2>/dev/null && exit 99; exec "$0" whoami --backend "$1" --timeout 1 2>&-' "$program" "$url"
"#;

/// Else the socket to the backend takes the number of standard error, and our words go there.
#[test]
fn nothing_is_said_to_the_backend_where_the_root_folder_cannot_be_read() {
    let Some(unshare) = needs::unshare(&["--user", "--map-root-user", "--mount"]) else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = thread::spawn(move || {
        // One attempt after the other; silent, and until the client is gone.
        let attempts = listener.incoming().take(3);
        let attempts = attempts.map(|stream| {
            let mut stream = stream.expect("a connection");
            thread::spawn(move || {
                let mut said = Vec::new();
                let _ = stream.read_to_end(&mut said);
                String::from_utf8_lossy(&said).into_owned()
            })
        });
        let attempts: Vec<_> = attempts.collect();
        attempts
            .into_iter()
            .map(|attempt| attempt.join().expect("what was said"))
            .collect::<Vec<_>>()
    });
    let folder = tempfile::tempdir().expect("a folder");
    unshare
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args(["sh", "-c", IN_UNREADABLE_ROOT, "sh"])
        .arg(folder.path())
        .arg(binary())
        .args([&url, KEY])
        .run()
        .exits(4);
    for said in heard.join().expect("the attempts") {
        assert!(said.starts_with("GET /api/v1/me "), "{said}");
        assert!(said.ends_with("\r\n\r\n"), "more than a request: {said}");
    }
}

/// As where even `O_PATH` is refused.
#[test]
fn a_closed_descriptor_that_cannot_be_occupied_ends_it() {
    let home = Home::new();
    let path_only = libc::O_PATH.cast_unsigned();
    let calls = [
        #[cfg(target_arch = "x86_64")]
        Refused {
            call: libc::SYS_open,
            bit: Some((1, path_only)),
        },
        Refused {
            call: libc::SYS_openat,
            bit: Some((2, path_only)),
        },
    ];
    for descriptor in 0..2 {
        let outcome = sekuire(&home)
            .arg("status")
            .before_exec(filter(&calls))
            .before_exec(move || close(descriptor))
            .run();
        assert_eq!(outcome.code, Some(3), "{descriptor}; {outcome}");
        outcome
            .complains("error: ")
            .complains("\nhint: ")
            .prints("");
    }
    // With none closed there is nothing to occupy.
    sekuire(&home)
        .arg("status")
        .before_exec(filter(&calls))
        .run()
        .exits(1);
}

#[allow(unsafe_code, reason = "std closes no standard descriptor")]
fn close(descriptor: libc::c_int) -> io::Result<()> {
    // SAFETY: between fork and exec nobody else uses it.
    match unsafe { libc::close(descriptor) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
