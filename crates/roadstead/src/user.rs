//! Which user the server is: never root, unless it is to become another or a test says so.

use std::path::Path;

use anyhow::{Context, bail};
use rustix::fs::{AtFlags, CWD, Gid, Uid, chownat};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

/// Refuses root, or becomes the named user. Called before any thread is started.
pub(crate) fn settle(
    run_as: Option<&str>,
    root_for_testing: bool,
    data: &Path,
) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    match run_as {
        Some(name) => become_user(&find(name)?, data),
        None if root_for_testing => Ok(()),
        None => bail!(
            "the server does not run as root: set `run_as` to the user it is to become, or start it as that user \
             (for a test, --as-root-for-testing)"
        ),
    }
}

/// Finds a user by name in the machine's own list.
pub(crate) fn find(name: &str) -> anyhow::Result<User> {
    let people = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let groups = std::fs::read_to_string("/etc/group").context("cannot read /etc/group")?;
    let user = look_up(name, &people, &groups);
    let user =
        user.with_context(|| format!("`run_as`: there is no user `{name}` on this machine"))?;
    if user.uid == 0 {
        bail!("`run_as`: `{name}` is root");
    }
    Ok(user)
}

fn look_up(name: &str, people: &str, groups: &str) -> Option<User> {
    let row = people.lines().map(columns).find(|row| row.first() == Some(&name))?;
    let (uid, gid) = (row.get(2)?.parse().ok()?, row.get(3)?.parse().ok()?);
    let further = groups.lines().map(columns).filter(|row| {
        row.get(3).is_some_and(|members| members.split(',').any(|member| member == name))
    });
    let mut all: Vec<u32> = further.filter_map(|row| row.get(2)?.parse().ok()).collect();
    all.push(gid);
    Some(User { uid, gid, groups: all })
}

fn columns(line: &str) -> Vec<&str> {
    line.split(':').collect()
}

fn become_user(user: &User, data: &Path) -> anyhow::Result<()> {
    crate::folder::make_private(data)?;
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    hand_over(data, uid, gid)?;
    let groups: Vec<Gid> = user.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    set_thread_groups(&groups).context("cannot set the groups of `run_as`")?;
    set_thread_res_gid(gid, gid, gid).context("cannot set the group of `run_as`")?;
    set_thread_res_uid(uid, uid, uid).context("cannot become the user of `run_as`")?;
    if rustix::process::geteuid().is_root() {
        bail!("this process is root still after becoming the user of `run_as`");
    }
    Ok(())
}

/// Gives the folder and all in it to the user; links are not followed.
fn hand_over(path: &Path, uid: Uid, gid: Gid) -> anyhow::Result<()> {
    chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
        .with_context(|| format!("cannot give `{}` to the user of `run_as`", path.display()))?;
    if !path.symlink_metadata()?.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        hand_over(&entry?.path(), uid, gid)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_with_all_its_groups() {
        let people = "root:x:0:0:root:/:/bin/sh\niot:x:990:980::/var/lib/iot:/sbin/nologin\n";
        let groups = "root:x:0:\ntls:x:120:other,iot\nnear:x:121:iot2\n";
        let found = look_up("iot", people, groups).unwrap();
        assert_eq!(found, User { uid: 990, gid: 980, groups: vec![120, 980] });
        assert_eq!(look_up("nobody-here", people, groups), None);
    }

    #[test]
    fn root_is_not_a_user_to_become() {
        assert!(find("root").unwrap_err().to_string().contains("is root"));
    }
}
