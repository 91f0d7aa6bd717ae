//! Many clients at once, on lines that break: what was acknowledged is there, and once.

use std::collections::BTreeMap;

use super::*;

const MESSAGES: u16 = 150;
const WINDOW: usize = 20;
const BREAKS_EVERY: u16 = 37;

/// A client of QoS 2 that says everything again after its line broke, as far as it has to.
struct Sender {
    pass: Pass,
    client: Client,
    /// What was sent and not finished: whether PUBREC has come.
    open: BTreeMap<u16, bool>,
}

impl Sender {
    async fn connect(harbour: &Harbour, pass: &Pass) -> Client {
        let mut client = harbour.client();
        client.connect(4, "hurried", pass, false).await;
        let answer = client.next().await;
        assert_eq!((answer[0], answer[3]), (0x20, 0));
        client
    }

    async fn say(&mut self, flags: u8, id: u16) {
        self.client.publish(flags, "me/measurements/flow", id, id.to_string().as_bytes()).await;
    }

    async fn run(mut self, harbour: &Harbour) {
        for id in 1..=MESSAGES {
            self.open.insert(id, false);
            self.say(4, id).await;
            if id % BREAKS_EVERY == 0 {
                self.come_back(harbour).await;
            }
            while self.open.len() >= WINDOW {
                self.hear().await;
            }
        }
        while !self.open.is_empty() {
            self.hear().await;
        }
    }

    async fn come_back(&mut self, harbour: &Harbour) {
        self.client = Self::connect(harbour, &self.pass).await;
        for (id, received) in self.open.clone() {
            if received {
                self.release(id).await;
            } else {
                self.say(0x0c, id).await;
            }
        }
    }

    async fn release(&mut self, id: u16) {
        let [high, low] = id.to_be_bytes();
        self.client.send(&[0x62, 2, high, low]).await;
    }

    async fn hear(&mut self) {
        let answer = self.client.next().await;
        let id = u16::from_be_bytes([answer[2], answer[3]]);
        if answer[0] == 0x50 {
            if let Some(received) = self.open.get_mut(&id) {
                *received = true;
            }
            self.release(id).await;
        } else {
            assert_eq!(answer[0], 0x70, "{answer:?}");
            self.open.remove(&id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_breaking_lines_exactly_once_stays_exactly_once() {
    let harbour = Arc::new(Harbour::open().await);
    let mut running = tokio::task::JoinSet::new();
    let mut passes = Vec::new();
    for number in 0..8 {
        let pass = harbour.device(&format!("pump-{number}")).await;
        let client = Sender::connect(&harbour, &pass).await;
        let sender = Sender { pass: pass.clone(), client, open: BTreeMap::new() };
        let harbour = Arc::clone(&harbour);
        running.spawn(async move { sender.run(&harbour).await });
        passes.push(pass);
    }
    running.join_all().await;
    for pass in &passes {
        assert_eq!(harbour.count(pass, "flow").await, usize::from(MESSAGES), "{}", pass.user);
    }
}
