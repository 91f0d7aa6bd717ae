//! The door on a real socket, with TLS and with other people's clients.

use std::net::SocketAddr;
use std::process::{Output, Stdio};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use super::*;

/// Listens on a free port, with a certificate that lies beside.
async fn listen(harbour: &Harbour) -> (SocketAddr, PathBuf) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let ca = harbour.folder.path().join("ca.pem");
    std::fs::write(&ca, cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![cert.der().clone()], key.into()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (door, stop) = (harbour.door.clone(), harbour.stop.clone());
    let tls: Tls = Arc::new(move || Arc::clone(&config));
    tokio::spawn(async move { door.listen(listener, tls, stop).await });
    (address, ca)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_shake_hands_is_let_go() {
    let limits = Limits { handshake: Duration::from_millis(200), ..Limits::default() };
    let harbour = Harbour::with(limits).await;
    let (address, _) = listen(&harbour).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(2), silent.read(&mut [0; 10])).await;
    assert_eq!(closed.unwrap().unwrap_or(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_has_only_so_many_connections() {
    let limits = Limits { connections_per_address: 2, ..Limits::default() };
    let harbour = Harbour::with(limits).await;
    let (address, _) = listen(&harbour).await;
    let _first = TcpStream::connect(address).await.unwrap();
    let _second = TcpStream::connect(address).await.unwrap();
    let mut third = TcpStream::connect(address).await.unwrap();
    let closed = tokio::time::timeout(Duration::from_secs(2), third.read(&mut [0; 10])).await;
    assert_eq!(closed.unwrap().unwrap_or(0), 0);
}

/// A client of the Eclipse Mosquitto project, told where and who.
fn mosquitto(program: &str, (address, ca): &(SocketAddr, PathBuf), pass: &Pass) -> Command {
    let mut command = Command::new(program);
    command.args(["-h", "localhost", "-p", &address.port().to_string(), "--cafile"]).arg(ca);
    command.args(["-u", &pass.user, "-P", &pass.token]).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn done(command: &mut Command) -> Output {
    let run = command.output();
    tokio::time::timeout(Duration::from_secs(20), run).await.expect("it ends in time").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquittos_own_clients_publish_and_hear() {
    if std::process::Command::new("mosquitto_pub").arg("--version").output().is_err() {
        eprintln!("SKIPPED: install mosquitto-clients");
        return;
    }
    let harbour = Harbour::open().await;
    let pump = harbour.device("pump").await;
    let site = listen(&harbour).await;
    for (version, qos) in
        [("311", "0"), ("311", "1"), ("311", "2"), ("5", "0"), ("5", "1"), ("5", "2")]
    {
        let mut subscriber = mosquitto("mosquitto_sub", &site, &pump);
        subscriber.args(["-V", version, "-q", qos, "-t", "me/#", "-v", "-C", "3", "-W", "15"]);
        let subscriber = subscriber.spawn().unwrap();
        harbour.until("the reader", || harbour.door.status().sessions > 0).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        for value in ["1", "2.5", "true"] {
            let mut publishes = mosquitto("mosquitto_pub", &site, &pump);
            publishes.args(["-V", version, "-q", qos, "-t", "me/measurements/flow", "-m", value]);
            let outcome = done(&mut publishes).await;
            assert!(outcome.status.success(), "{version} {qos}: {outcome:?}");
        }
        let heard =
            tokio::time::timeout(Duration::from_secs(20), subscriber.wait_with_output()).await;
        let heard = heard.expect("it ends in time").unwrap();
        let lines = String::from_utf8(heard.stdout).unwrap();
        assert_eq!(
            lines.matches("me/measurements/flow {\"time\":").count(),
            3,
            "{version} {qos}: {lines}"
        );
        harbour.until("they leave", || harbour.door.status().sessions == 0).await;
    }
    let mut publishes = mosquitto("mosquitto_pub", &site, &pump);
    publishes.args(["-V", "5", "-q", "1", "-t", "devices/other/measurements/x", "-m", "1"]);
    let refused = done(&mut publishes).await;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("Not authorized"), "{told}");
    let nobody = Pass { token: "wrong".to_owned(), ..pump.clone() };
    let mut publishes = mosquitto("mosquitto_pub", &site, &nobody);
    publishes.args(["-V", "5", "-t", "me/measurements/flow", "-m", "1"]);
    let refused = done(&mut publishes).await;
    assert!(!refused.status.success(), "{refused:?}");
}
