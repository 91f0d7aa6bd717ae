//! From a good body to a bad one: flips, cuts, repeats, joins and odd numbers.

/// Draws mutations from a seed (xorshift64*, Vigna 2016).
pub(crate) struct Mutator(u64);

const ODD: &[&str] = &[
    "NaN",
    "Infinity",
    "-0",
    "1e999",
    "1e-999",
    "9223372036854775808",
    "18446744073709551616",
    "\"",
    "\\u0000",
    "\\ud800",
    "null",
    "[[[[[[[[",
    "{\"\":",
    "\r\n",
    "\0",
    "\u{202e}",
    ",,,",
    "=1+1",
];

impl Mutator {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// A body made of one of the seeds by one to eight mutations.
    pub(crate) fn damaged(&mut self, seeds: &[&[u8]]) -> Vec<u8> {
        let mut body = seeds[self.below(seeds.len())].to_vec();
        for _ in 0..=self.below(8) {
            self.damage(&mut body, seeds);
        }
        body
    }

    fn damage(&mut self, body: &mut Vec<u8>, seeds: &[&[u8]]) {
        let at = self.below(body.len() + 1);
        match self.below(7) {
            0 if !body.is_empty() => {
                let at = at.min(body.len() - 1);
                body[at] ^= 1 << self.below(8);
            }
            1 => body.truncate(at),
            2 => drop(body.splice(at..at, ODD[self.below(ODD.len())].bytes())),
            3 => {
                let piece = body[at..(at + self.below(16)).min(body.len())].to_vec();
                let again = piece.repeat(self.below(64));
                drop(body.splice(at..at, again));
            }
            4 => body.extend_from_slice(seeds[self.below(seeds.len())]),
            5 => {
                let end = (at + self.below(8)).min(body.len());
                body.drain(at..end);
            }
            _ => body.insert(at, self.next().to_be_bytes()[0]),
        }
    }
}
