//! The operator's socket: who has the machine's account has the server's own affairs, and no tenant's data.

pub(crate) mod asks; // the command's end
mod desk; // the server's end

pub(crate) use desk::{Desk, bind, serve};

use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

const NAME: &str = "operator.sock";
/// What fits into a socket's address, with room for the end.
const LONGEST: usize = 100;

/// The socket's address: short even when the data folder's path is long.
#[derive(Debug)]
struct Address {
    path: PathBuf,
    _folder: Option<rustix::fd::OwnedFd>,
}

fn address(data: &Path) -> std::io::Result<Address> {
    use std::os::fd::AsRawFd;
    let path = data.join(NAME);
    if path.as_os_str().len() <= LONGEST {
        return Ok(Address { path, _folder: None });
    }
    let folder =
        rustix::fs::open(data, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(NAME);
    Ok(Address { path, _folder: Some(folder) })
}

/// Takes the socket away when the server has stopped.
pub(crate) fn remove(data: &Path) -> std::io::Result<()> {
    std::fs::remove_file(data.join(NAME))
}

#[cfg(test)]
mod tests;
