//! Calls that a signal may interrupt.

use std::{
    fs::{File, TryLockError},
    io,
};

/// Does it again as long as a signal interrupts it: a lock that was not taken because of one is not one
/// that cannot be had.
pub(crate) fn again<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match act() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Whether the lock of a file is free to be shared; then it is, until the file is closed.
pub(crate) fn try_lock_shared(file: &File) -> io::Result<bool> {
    again(|| tried(file.try_lock_shared()))
}

/// Whether the lock of a file is free; then it is taken, until the file is closed.
pub(crate) fn try_lock(file: &File) -> io::Result<bool> {
    again(|| tried(file.try_lock()))
}

fn tried(lock: Result<(), TryLockError>) -> io::Result<bool> {
    match lock {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_a_signal_interrupts_is_taken_again() {
        let mut left = 3;
        let taken = again(|| match left {
            0 => Ok("taken"),
            _ => {
                left -= 1;
                Err(io::ErrorKind::Interrupted.into())
            }
        });
        assert_eq!(taken.unwrap(), "taken");
        let error = again::<()>(|| Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
