//! Which user the server is: never root, unless it is to become another or a test says so.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use rustix::fs::{Gid, Mode, OFlags, Uid, fchown};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::folder;

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

/// Keeps this process's memory, which holds keys and passwords, out of core dumps and from other programs of
/// its user. Called once the user is settled: the system forgets it when the user changes.
pub(crate) fn keep_memory_private() -> anyhow::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .context("cannot forbid core dumps")?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("cannot forbid core dumps")
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
    settle_owner(user, data)?;
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    let groups: Vec<Gid> = user.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    set_thread_groups(&groups).context("cannot set the groups of `run_as`")?;
    set_thread_res_gid(gid, gid, gid).context("cannot set the group of `run_as`")?;
    set_thread_res_uid(uid, uid, uid).context("cannot become the user of `run_as`")?;
    if rustix::process::geteuid().is_root() {
        bail!("this process is root still after becoming the user of `run_as`");
    }
    Ok(())
}

/// Makes the data folder for the user, or sees that it is the user's.
///
/// What is there already is never given away: the user may have put something else in its place.
fn settle_owner(user: &User, data: &Path) -> anyhow::Result<()> {
    let is_new = data.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound);
    folder::make_passable(data.parent().unwrap_or(Path::new("")))?;
    folder::make_private(data)?;
    if is_new {
        let what = || format!("cannot give `{}` to the user of `run_as`", data.display());
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        let made = rustix::fs::open(data, flags, Mode::empty()).with_context(what)?;
        let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
        return fchown(made, Some(uid), Some(gid)).with_context(what);
    }
    let owner = data.metadata()?.uid();
    if owner != user.uid {
        bail!(
            "`{0}` belongs to user {owner}, not to the user of `run_as`: see that it holds this server's data alone, \
             then chown -R {1}:{2} {0}",
            data.display(),
            user.uid,
            user.gid
        );
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

    #[test]
    fn a_crash_leaves_no_memory_on_the_disk() {
        use rustix::process::{dumpable_behavior, getrlimit};
        keep_memory_private().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }

    fn myself() -> User {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        User { uid, gid, groups: vec![gid] }
    }

    #[test]
    fn a_new_folder_is_the_users_and_stays_so() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        settle_owner(&myself(), &data).unwrap();
        assert_eq!(data.metadata().unwrap().uid(), myself().uid);
        settle_owner(&myself(), &data).unwrap();
    }

    #[test]
    fn the_user_can_pass_what_is_made_above_the_folder() {
        let home = tempfile::tempdir().unwrap();
        settle_owner(&myself(), &home.path().join("a/b/data")).unwrap();
        let mode = |name: &str| home.path().join(name).metadata().unwrap().mode() & 0o777;
        assert_eq!(["a", "a/b", "a/b/data"].map(mode), [0o755, 0o755, 0o700]);
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_never_given_away() {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        folder::make_private(&data).unwrap();
        std::fs::write(data.join("file"), "").unwrap();
        let other = User { uid: myself().uid + 1, gid: myself().gid + 1, groups: Vec::new() };
        let refused = settle_owner(&other, &data).unwrap_err().to_string();
        assert!(refused.contains(&format!("chown -R {}:{}", other.uid, other.gid)), "{refused}");
        let owners = [&data, &data.join("file")].map(|path| path.metadata().unwrap().uid());
        assert_eq!(owners, [myself().uid; 2]);
    }
}
