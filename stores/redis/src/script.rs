use redis::{Cmd, Script, cmd};
use secondo::UnixTime;
use secondo::store::Revision;

/// The script that compares and swaps in one step.
///
/// Revisions are compared as bytes, since Lua's numbers do not hold 64 bits. If the stored revision is already the new
/// one, the client of a cluster has sent this write a second time. The script then makes the write again, so that a
/// `WAIT` after it has a write to wait for.
const CODE: &str = "\
local held = redis.call('GET', KEYS[1])
local revision = held and string.sub(held, 1, 8)
local expected = ARGV[1] ~= '' and ARGV[1]
if revision ~= expected and revision ~= ARGV[2] then
  return 0
end
if ARGV[4] then
  redis.call('SET', KEYS[1], ARGV[2] .. ARGV[3], 'EXAT', ARGV[4])
else
  redis.call('SET', KEYS[1], ARGV[2] .. ARGV[3])
end
return 1
";

/// The length in bytes of a revision, which stands at the start of each entry.
pub(crate) const REVISION_LEN: usize = 8;

/// The script and its hash, under which the server keeps it.
pub(crate) struct Exchanges(Script);

/// The arguments of the script for one exchange.
pub(crate) struct Arguments<'a> {
    pub(crate) key: &'a str,
    pub(crate) expected: Option<Revision>,
    pub(crate) next: Revision,
    pub(crate) value: &'a [u8],
    pub(crate) expiry: Option<UnixTime>,
}

impl Exchanges {
    pub(crate) fn new() -> Self {
        Self(Script::new(CODE))
    }

    /// Creates a command for a server that knows the script. The answer is 1 if the value is stored, and 0 if not.
    pub(crate) fn by_name(&self, arguments: &Arguments<'_>) -> Cmd {
        arguments.command("EVALSHA", self.0.get_hash())
    }

    /// Creates a command for any server, which knows the script from then on.
    pub(crate) fn in_full(arguments: &Arguments<'_>) -> Cmd {
        arguments.command("EVAL", CODE)
    }
}

impl Arguments<'_> {
    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(1).arg(self.key);
        match self.expected {
            Some(revision) => command.arg(&revision.get().to_be_bytes()),
            None => command.arg(""),
        };
        command.arg(&self.next.get().to_be_bytes()).arg(self.value);
        if let Some(expiry) = self.expiry {
            command.arg(expiry.as_secs().max(1));
        }
        command
    }
}
