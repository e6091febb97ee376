//! The harness: the real program, in a folder of its own, with an empty environment.

use std::{
    ffi::OsStr,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use kirin_tests::canary::{self, Shown};
use serde_json::Value;
use tempfile::TempDir;

use crate::schema;

/// How long a run may say nothing. Nothing here needs half of it, even on a busy machine, but a task that
/// ended in other words: that takes 30 s.
const LIMIT: Duration = Duration::from_secs(60);

/// One run of the program, about to start.
pub(crate) struct Kirin {
    command: Command,
    folder: TempDir,
    /// Where its ledger is.
    _home: TempDir,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    folder: TempDir,
    /// Where its ledger is.
    _home: TempDir,
}

/// A run that has not ended.
pub(crate) struct Running {
    child: Ended,
    stdout: Stream,
    stderr: Stream,
    arguments: Vec<String>,
    folder: TempDir,
    /// Where its ledger is.
    _home: TempDir,
}

/// A process that does not outlive its test, also where that fails.
struct Ended(Child);

/// What came out of a stream so far; it is read at all times, so that the program never blocks.
struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    grown: Receiver<()>,
}

impl Kirin {
    pub(crate) fn new() -> Self {
        Self::by(Command::new(env!("CARGO_BIN_EXE_kirin")))
    }

    /// The program under a limit that a shell sets before it becomes the program.
    #[cfg(unix)]
    pub(crate) fn under(limit: &str) -> Self {
        let mut shell = Command::new("/bin/sh");
        let script = format!("{limit}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_kirin")]);
        Self::by(shell)
    }

    fn by(mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = tempfile::tempdir().expect("a temporary folder");
        command
            .env_clear()
            // The ledger is there.
            .env("HOME", home.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            folder,
            _home: home,
        }
    }

    /// `kirin generate` with a prompt.
    pub(crate) fn generate() -> Self {
        Self::new().args(["generate", "a paper boat"])
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Talks to the service at this base URL, with a key.
    pub(crate) fn at(self, base_url: &str) -> Self {
        self.env("KIRIN_API_KEY", canary::key())
            .args(["--base-url", base_url])
    }

    /// What it reads from stdin.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(text.as_bytes()).expect("it is written");
        file.rewind().expect("it is rewound");
        self.command.stdin(file);
        self
    }

    #[cfg(unix)]
    pub(crate) fn stdin_of(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    pub(crate) fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr);
        self
    }

    /// Runs in the folder of another run, which must outlive this one.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// A file that is there before the run.
    pub(crate) fn with_file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.folder().join(name), content).expect("a file");
        self
    }

    pub(crate) fn with_folder(self, name: impl AsRef<Path>) -> Self {
        std::fs::create_dir_all(self.folder().join(name)).expect("a folder");
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs to the end.
    pub(crate) fn run(self) -> Run {
        self.start().end()
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().expect("the program starts");
        let arguments = self.command.get_args();
        let arguments = arguments.map(|argument| argument.to_string_lossy().into());
        Running {
            arguments: arguments.collect(),
            stdout: Stream::of(child.stdout.take()),
            stderr: Stream::of(child.stderr.take()),
            child: Ended(child),
            folder: self.folder,
            _home: self._home,
        }
    }
}

/// Whether a line is the result of a task that is completed, or says which files there are.
fn is_completed(line: &str) -> bool {
    let Ok(value) = serde_json::from_str::<Value>(line) else {
        return false;
    };
    let is_result = ["event", "error"]
        .iter()
        .all(|name| matches!(value[*name], Value::Null) || value[*name] == "result");
    is_result && !value["outputs"].is_null()
}

/// Looks for signed URLs in every file below a folder.
fn look_at_files(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        match kind {
            Ok(kind) if kind.is_dir() => look_at_files(&path),
            Ok(kind) if kind.is_file() => {
                let bytes = std::fs::read(&path).unwrap_or_default();
                let signature = canary::signature().as_bytes();
                let is_there = bytes.windows(signature.len()).any(|it| it == signature);
                assert!(!is_there, "a signed URL is in {}", path.display());
            }
            _ => {}
        }
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // One that has ended already is no matter.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub(crate) fn process_id(&self) -> u32 {
        self.child.0.id()
    }

    /// The first line on stdout, as soon as it is there.
    pub(crate) fn first_line(&self) -> String {
        let text = self.stdout.once(|text| text.contains('\n'));
        text.lines().next().unwrap_or_default().into()
    }

    /// Stdout, as soon as it holds `part`.
    pub(crate) fn stdout_once(&self, part: &str) -> String {
        self.stdout.once(|text| text.contains(part))
    }

    /// Stderr, as soon as it holds `part`.
    pub(crate) fn stderr_once(&self, part: &str) -> String {
        self.stderr.once(|text| text.contains(part))
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.0.try_wait().expect("a status").is_none()
    }

    /// Ends it as the system does: it cannot do anything about it.
    pub(crate) fn kill(&mut self) {
        self.child.0.kill().expect("it runs");
        self.child.0.wait().expect("an exit status");
    }

    /// Waits for the end, which is where both streams end too.
    pub(crate) fn end(mut self) -> Run {
        let (stdout, stderr) = (self.stdout.to_end(), self.stderr.to_end());
        let (Ok(stdout), Ok(stderr)) = (stdout, stderr) else {
            let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
            panic!("no end within {LIMIT:?}; stdout:\n{stdout}\nstderr:\n{stderr}");
        };
        canary::shown(Shown::Output, &stderr);
        // A signed URL on stdout is what was asked for, as a result; a key never is.
        assert!(!stdout.contains(canary::key()), "the key is on stdout");
        stdout
            .lines()
            .filter(|line| !is_completed(line))
            .for_each(|line| {
                canary::shown(Shown::Output, line);
            });
        // It is kept nowhere.
        for folder in [&self._home, &self.folder] {
            look_at_files(folder.path());
        }
        let status = self.child.0.wait().expect("an exit status");
        if status.code().is_some() {
            schema::check(&self.arguments, &stdout);
        }
        Run {
            status,
            stdout,
            stderr,
            folder: self.folder,
            _home: self._home,
        }
    }
}

impl Run {
    /// The exit code; a run that was ended by a signal has none.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Panics with everything it printed unless it ended with this exit code.
    #[track_caller]
    pub(crate) fn ended_with(self, exit_code: i32) -> Self {
        assert_eq!(self.exit_code(), Some(exit_code), "{self:#?}");
        self
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The names of the files in the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder");
        let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry.expect("an entry")))
            .collect();
        names.sort();
        names
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:#?}");
        let value: Value = serde_json::from_str(&self.stdout).expect("JSON");
        assert!(value.is_object(), "{value}");
        value
    }
}

impl Stream {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let text = Arc::default();
        let (growing, grown) = channel();
        if let Some(mut stream) = stream {
            let text: Arc<Mutex<Vec<u8>>> = Arc::clone(&text);
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    text.lock().unwrap().extend_from_slice(&buffer[..count]);
                    let _ = growing.send(());
                }
            });
        }
        Self { text, grown }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into()
    }

    #[track_caller]
    fn once(&self, is_enough: impl Fn(&str) -> bool) -> String {
        loop {
            let text = self.so_far();
            if is_enough(&text) {
                return text;
            }
            let grown = self.grown.recv_timeout(LIMIT);
            assert!(grown.is_ok() || is_enough(&self.so_far()), "{text}");
        }
    }

    fn to_end(&self) -> Result<String, RecvTimeoutError> {
        loop {
            match self.grown.recv_timeout(LIMIT) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(self.so_far()),
                Err(error @ RecvTimeoutError::Timeout) => return Err(error),
            }
        }
    }
}
