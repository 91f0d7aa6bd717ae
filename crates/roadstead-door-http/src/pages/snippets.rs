//! Commands that send a first value, ready to paste.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Settings;

/// One command or program.
pub(crate) struct Snippet {
    pub title: &'static str,
    /// Only a label.
    pub language: &'static str,
    pub text: String,
}

/// Where devices reach this server.
pub(crate) struct Target<'a> {
    url: &'a str,
    host: &'a str,
    mqtt_port: u16,
    ca_pem: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Takes the addresses as clients see them.
    pub(crate) fn of(settings: &'a Settings) -> Self {
        let url = settings.public_url.as_str();
        Self {
            url,
            host: host(url),
            mqtt_port: settings.mqtt_port,
            ca_pem: settings.ca_pem.as_deref(),
        }
    }

    /// The command that fetches the server's authority, and the fingerprint to compare it with.
    pub(crate) fn authority(&self) -> Option<(String, String)> {
        let pem = self.ca_pem?;
        let fetch = format!(
            "curl -k -o ca.pem {}\nopenssl x509 -in ca.pem -noout -fingerprint -sha256",
            shell(&format!("{}/ca.pem", self.url))
        );
        Some((fetch, fingerprint(pem)?))
    }

    /// The commands for a device: MQTT, HTTPS, and a program that keeps sending.
    pub(crate) fn snippets(&self, name: &str, token: &str) -> Vec<Snippet> {
        let send = |title, language, text| Snippet { title, language, text };
        vec![
            send("mosquitto_pub", "sh", self.mosquitto(name, token)),
            send("curl", "sh", self.curl(token)),
            send("Python", "python", self.python(name, token)),
        ]
    }

    fn mosquitto(&self, name: &str, token: &str) -> String {
        let trust = if self.ca_pem.is_some() { "--cafile ca.pem" } else { "--tls-use-os-certs" };
        format!(
            "mosquitto_pub {trust} -h {} -p {} \\\n  -u {} -P {} \\\n  \
             -t me/measurements/temperature -m 21.5 -q 1\n",
            shell(self.host),
            self.mqtt_port,
            shell(name),
            shell(token),
        )
    }

    fn curl(&self, token: &str) -> String {
        let trust = if self.ca_pem.is_some() { " --cacert ca.pem" } else { "" };
        format!(
            "curl{trust} -H {} \\\n  -H \"Content-Type: application/json\" -d '{{\"temperature\":21.5}}' \\\n  {}\n",
            shell(&format!("Authorization: Bearer {token}")),
            shell(&format!("{}/api/v1/devices/me/measurements", self.url)),
        )
    }

    fn python(&self, name: &str, token: &str) -> String {
        let trust = if self.ca_pem.is_some() { "ca_certs=\"ca.pem\"" } else { "" };
        PYTHON
            .replace("<NAME>", &python(name))
            .replace("<TOKEN>", &python(token))
            .replace("<TRUST>", trust)
            .replace("<HOST>", &python(self.host))
            .replace("<PORT>", &self.mqtt_port.to_string())
    }
}

/// Neither names nor tokens can have the angle brackets of its gaps.
const PYTHON: &str = r#"# pip install "paho-mqtt>=2"
import math
import os
import time

import paho.mqtt.client as mqtt

def told(client, userdata, flags, reason, properties):
    if reason.is_failure:
        print(f"refused: {reason}")
        os._exit(1)  # ends the waiting below too

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_connect = told
client.username_pw_set(<NAME>, <TOKEN>)
client.tls_set(<TRUST>)
client.connect(<HOST>, <PORT>)
client.loop_start()

while True:
    value = 20 + 5 * math.sin(time.time() / 60)
    client.publish("me/measurements/temperature", f"{value:.2f}", qos=1).wait_for_publish()
    print(f"sent {value:.2f}")
    time.sleep(1)
"#;

/// The host of an address, without scheme, port and the brackets of IPv6.
fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Quotes a word for a POSIX shell, when it needs it.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Quotes a text for Python; JSON's way is one of Python's.
fn python(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// SHA-256 over the first certificate of a PEM text, as people compare it.
fn fingerprint(pem: &str) -> Option<String> {
    let body = pem.split_once("-----BEGIN CERTIFICATE-----")?.1;
    let body = body.split_once("-----END CERTIFICATE-----")?.0;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    let pairs = digest(&SHA256, &der);
    let pairs = pairs.as_ref().iter().map(|byte| format!("{byte:02X}"));
    Some(pairs.collect::<Vec<_>>().join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    fn target(ca_pem: Option<&'static str>) -> Target<'static> {
        Target { url: "https://ride.example:8443", host: "ride.example", mqtt_port: 8883, ca_pem }
    }

    #[test]
    fn the_host_stands_alone() {
        assert_eq!(host("https://ride.example:8443"), "ride.example");
        assert_eq!(host("https://[::1]:8443"), "::1");
        assert_eq!(host("https://ride.example"), "ride.example");
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(shell("pump-7"), "pump-7");
        assert_eq!(shell("AC power (W)"), "'AC power (W)'");
        assert_eq!(shell("a'b; rm -rf ~"), r"'a'\''b; rm -rf ~'");
        assert_eq!(python("a\"b\n"), r#""a\"b\n""#);
    }

    #[test]
    fn commands_trust_the_servers_own_authority_or_the_systems() {
        let own = target(Some(PEM)).snippets("roof sensor", "rst_x");
        assert!(own[0].text.starts_with("mosquitto_pub --cafile ca.pem -h ride.example -p 8883"));
        assert!(own[0].text.contains("-u 'roof sensor' -P rst_x"));
        assert!(own[1].text.contains("--cacert ca.pem"));
        assert!(own[2].text.contains(r#"tls_set(ca_certs="ca.pem")"#));
        assert!(own[2].text.contains(r#"username_pw_set("roof sensor", "rst_x")"#));
        assert!(
            target(None).python("TOKEN", "rst_x").contains(r#"username_pw_set("TOKEN", "rst_x")"#)
        );
        let public = target(None).snippets("roof", "rst_x");
        assert!(public.iter().all(|snippet| !snippet.text.contains("ca.pem")));
    }

    #[test]
    fn the_fingerprint_is_that_of_the_certificate_itself() {
        let (fetch, print) = target(Some(PEM)).authority().unwrap();
        assert!(fetch.starts_with("curl -k -o ca.pem https://ride.example:8443/ca.pem\n"));
        assert!(print.starts_with("03:90:58:C6:F2:C0:CB:49:"));
        assert!(target(None).authority().is_none());
    }
}
