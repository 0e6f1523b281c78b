//! Signatures: the venues' own vectors, what is recorded beside them, and what is no key.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]
#![allow(clippy::print_stdout, reason = "a test says what it skips")]

use bot4_engine::units::Nanos;
use bot4_engine::wire::sign::{BinanceKey, CoinbaseKey, KEY_TEXT_BYTES_MAX, KrakenKey};
use bot4_engine::wire::sign::{Resource, SignError};
use serde_json::Value;

const BINANCE_SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
const BINANCE_API_KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
/// RFC 8032, 7.1, test 1.
const ED25519_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";
const ED25519_PUBLIC_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
/// The test key of Coinbase's own client, as SEC 1.
const P256_PEM: &str = "-----BEGIN EC PRIVATE KEY-----\n\
    MHcCAQEEIKwf3Uox30cRWzRBOPoPOH5p0Gpb0Dt8zUKXUEM5fMkGoAoGCCqGSM49\n\
    AwEHoUQDQgAEbAtpLlSZYVOwYICz+uEyxcS29vRIujiES/gQ1DC7FV4zK4JuYE9v\n\
    qDyGZQYjdXHLM7I6f/QnnOITL+dXYWBHRA==\n-----END EC PRIVATE KEY-----\n";
const KRAKEN_SECRET: &str =
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==";
const NONCE: [u8; 32] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];
const NOW: Nanos = Nanos::new(1_700_000_000_999_999_999);

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

/// Every recorded vector whose id starts so; none where there is no `../shared`, which is said.
fn recorded(prefix: &str) -> Vec<Value> {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures/signing-vectors.json");
    #[allow(clippy::disallowed_methods, reason = "a test reads files")]
    let Ok(file) = std::fs::read_to_string(path) else {
        println!("skipped: there is no {path}");
        return Vec::new();
    };
    let all: Value = serde_json::from_str(&file).unwrap();
    let found: Vec<Value> = all["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|vector| vector["id"].as_str().unwrap().starts_with(prefix))
        .filter(|vector| vector["kind"] == "official" || vector["kind"] == "derived")
        .cloned()
        .collect();
    println!("{prefix}: {} vectors", found.len());
    found
}

fn field<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_else(|| panic!("{} has no {name}", vector["id"]))
}

#[test]
fn binance_hmac_signs_the_official_requests() {
    let key = BinanceKey::hmac(BINANCE_SECRET).unwrap();
    for (payload, signature) in [
        (
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1\
             &recvWindow=5000&timestamp=1499827319559",
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
        ),
        (
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT\
             &timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
            "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
        ),
    ] {
        assert_eq!(text(|out| key.sign(payload.as_bytes(), out)), signature);
        let (unsigned, _) = payload.split_once("&recvWindow").unwrap();
        let signed = text(|out| {
            out.extend_from_slice(unsigned.as_bytes());
            key.sign_rest(out, Nanos::new(1_499_827_319_559_999_999), Some(5_000));
        });
        assert_eq!(signed, format!("{payload}&signature={signature}"));
    }
}

#[test]
fn binance_signs_a_websocket_request_with_its_parameters_in_order_of_name() {
    let key = BinanceKey::hmac(BINANCE_SECRET).unwrap();
    for (symbol, price, quantity, side, window, signature) in [
        (
            "BTCUSDT",
            "52000.00",
            "0.01000000",
            "SELL",
            "100",
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            "１２３４５６",
            "0.10000000",
            "1.00000000",
            "BUY",
            "5000",
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
    ] {
        let mut params = [
            ("symbol", symbol),
            ("side", side),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("quantity", quantity),
            ("price", price),
            ("recvWindow", window),
            ("timestamp", "1645423376532"),
            ("apiKey", BINANCE_API_KEY),
        ];
        assert_eq!(text(|out| key.sign_ws(&mut params, out)), signature);
    }
}

#[test]
fn binance_signs_every_recorded_vector() {
    for vector in recorded("binance.") {
        let key = match vector["secret"].as_str() {
            Some(secret) => BinanceKey::hmac(secret).unwrap(),
            None => BinanceKey::ed25519(field(&vector, "private_key_pem")).unwrap(),
        };
        let payload = field(&vector, "payload");
        let signature = field(&vector, "signature");
        assert_eq!(text(|out| key.sign(payload.as_bytes(), out)), signature, "{}", vector["id"]);
        if let Some(query) = vector["query"].as_str() {
            let body = field(&vector, "body").as_bytes();
            let signed = text(|out| key.sign_query_and_body(query.as_bytes(), body, out));
            assert_eq!(signed, signature);
        }
        if field(&vector, "id").contains("wsapi") {
            let mut params: Vec<_> =
                payload.split('&').rev().map(|pair| pair.split_once('=').unwrap()).collect();
            assert_eq!(text(|out| key.sign_ws(&mut params, out)), signature);
        }
    }
}

#[test]
fn binance_ed25519_is_percent_encoded_in_a_request_and_verifies() {
    let key = BinanceKey::ed25519(ED25519_PEM).unwrap();
    let mut out = b"symbol=BTCUSDT".to_vec();
    key.sign_rest(&mut out, Nanos::new(1_499_827_319_559_000_000), None);
    let signed = String::from_utf8(out).unwrap();
    let (payload, signature) = signed.split_once("&signature=").unwrap();
    assert_eq!(payload, "symbol=BTCUSDT&timestamp=1499827319559");
    let plain = text(|out| key.sign(payload.as_bytes(), out));
    assert!(signature.ends_with("%3D%3D"));
    assert_eq!(signature.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="), plain);
    let both = text(|out| key.sign_query_and_body(b"symbol=BTC", b"USDT", out));
    assert_eq!(both, text(|out| key.sign(b"symbol=BTCUSDT", out)));
    let alone = text(|out| key.sign_rest(out, Nanos::new(1_499_827_319_559_000_000), None));
    assert!(alone.starts_with("timestamp=1499827319559&signature="));
}

#[test]
fn kraken_signs_the_official_request() {
    let key = KrakenKey::new(KRAKEN_SECRET).unwrap();
    let body = b"nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25";
    let signature = text(|out| key.sign("/0/private/AddOrder", 1_616_492_376_594, body, out));
    assert_eq!(
        signature,
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    );
}

#[test]
fn kraken_signs_every_recorded_vector() {
    for vector in recorded("kraken.") {
        let key = KrakenKey::new(field(&vector, "secret")).unwrap();
        let nonce = field(&vector, "nonce").parse().unwrap();
        let (path, body) = (field(&vector, "uri_path"), field(&vector, "body"));
        let signature = text(|out| key.sign(path, nonce, body.as_bytes(), out));
        assert_eq!(signature, field(&vector, "signature"), "{}", vector["id"]);
    }
}

/// The token for a vector's claims.
fn token(key: &CoinbaseKey, claims: &Value) -> String {
    let now = Nanos::new(claims["nbf"].as_i64().unwrap() * 1_000_000_000 + 999_999_999);
    text(|out| match claims["uri"].as_str() {
        None => key.ws_token(now, &NONCE, out).unwrap(),
        Some(uri) => {
            let (method, rest) = uri.split_once(' ').unwrap();
            let (host, path) = rest.split_at(rest.find('/').unwrap());
            let path = format!("{path}?limit=250");
            key.rest_token(&Resource { method, host, path: &path }, now, &NONCE, out).unwrap();
        }
    })
}

#[test]
fn coinbase_tokens_are_those_recorded() {
    for vector in recorded("coinbase.jwt.") {
        let claims: Value = serde_json::from_str(field(&vector, "claims_json")).unwrap();
        let secrets = ["private_key_pem", "secret_base64_64", "secret_seed_base64_32"];
        for secret in secrets.iter().filter_map(|name| vector[name].as_str()) {
            let key = CoinbaseKey::new(field(&vector, "key_name"), secret).unwrap();
            assert_eq!(token(&key, &claims), field(&vector, "jwt"), "{}", vector["id"]);
        }
    }
}

#[test]
fn coinbase_tokens_verify_with_the_public_key() {
    use base64::Engine as _;
    use p256::ecdsa::signature::Verifier as _;
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let pair =
        "k0BUni0p0vZG1BdpVjS6ogBJ7kxm630AJ2dN+tuputDOKsRAwgyrpEQLeBtS1znTmzPX6Xr2eOWpzx6nW8knkA==";
    let seed = base64::engine::general_purpose::STANDARD.decode(pair).unwrap();
    let seed = ed25519_dalek::SigningKey::from_bytes(seed[..32].try_into().unwrap());
    let point = p256::ecdsa::VerifyingKey::from_sec1_bytes(&P256_POINT).unwrap();
    for (secret, algorithm) in [(P256_PEM, "ES256"), (pair, "EdDSA")] {
        let key = CoinbaseKey::new("organizations/o/apiKeys/k", secret).unwrap();
        let token = text(|out| key.ws_token(NOW, &NONCE, out).unwrap());
        let parts: Vec<&str> = token.split('.').collect();
        let signed = format!("{}.{}", parts[0], parts[1]);
        let signature: [u8; 64] = url.decode(parts[2]).unwrap().try_into().unwrap();
        match algorithm {
            "ES256" => point
                .verify(signed.as_bytes(), &p256::ecdsa::Signature::from_slice(&signature).unwrap())
                .unwrap(),
            _ => seed
                .verify(signed.as_bytes(), &ed25519_dalek::Signature::from_bytes(&signature))
                .unwrap(),
        }
        let header: Value = serde_json::from_slice(&url.decode(parts[0]).unwrap()).unwrap();
        assert_eq!(header["alg"], algorithm);
        assert_eq!(header["kid"], "organizations/o/apiKeys/k");
        let claims: Value = serde_json::from_slice(&url.decode(parts[1]).unwrap()).unwrap();
        assert_eq!(claims["exp"].as_i64(), Some(1_700_000_120));
        assert_eq!(claims["uri"], Value::Null);
    }
}

/// The public half of [`P256_PEM`], uncompressed.
const P256_POINT: [u8; 65] = *b"\x04\x6c\x0b\x69\x2e\x54\x99\x61\x53\xb0\x60\x80\xb3\xfa\xe1\x32\
    \xc5\xc4\xb6\xf6\xf4\x48\xba\x38\x84\x4b\xf8\x10\xd4\x30\xbb\x15\x5e\
    \x33\x2b\x82\x6e\x60\x4f\x6f\xa8\x3c\x86\x65\x06\x23\x75\x71\xcb\x33\
    \xb2\x3a\x7f\xf4\x27\x9c\xe2\x13\x2f\xe7\x57\x61\x60\x47\x44";

/// A PKCS #8 block around a body.
fn pem(label: &str, body: &str) -> String {
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

#[test]
fn a_key_is_read_however_its_lines_end() {
    let expected = {
        let key = CoinbaseKey::new("n", P256_PEM).unwrap();
        text(|out| key.ws_token(NOW, &NONCE, out).unwrap())
    };
    // The same key as PKCS #8, by openssl.
    let pkcs8 = pem(
        "PRIVATE KEY",
        "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrB/dSjHfRxFbNEE4\n\
         +g84fmnQalvQO3zNQpdQQzl8yQahRANCAARsC2kuVJlhU7BggLP64TLFxLb29Ei6\n\
         OIRL+BDUMLsVXjMrgm5gT2+oPIZlBiN1ccszsjp/9Cec4hMv51dhYEdE",
    );
    for secret in [
        P256_PEM.replace('\n', "\r\n"),
        P256_PEM.replace('\n', "\\n"),
        P256_PEM.replace('\n', ""),
        format!("  {P256_PEM}\n"),
        pkcs8,
    ] {
        let key = CoinbaseKey::new("n", &secret).unwrap();
        assert_eq!(text(|out| key.ws_token(NOW, &NONCE, out).unwrap()), expected);
    }
}

#[test]
fn what_is_no_key_is_refused_by_name() {
    let rsa = pem("PRIVATE KEY", RSA_BODY);
    let long = "A".repeat(KEY_TEXT_BYTES_MAX + 1);
    let cut = pem("PRIVATE KEY", "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v");
    for (secret, hmac, ed25519) in [
        ("", SignError::Empty, SignError::Empty),
        (" \n", SignError::Empty, SignError::Empty),
        (long.as_str(), SignError::TooLong, SignError::TooLong),
        ("se cret", SignError::NotText, SignError::NotPem),
        (ED25519_PUBLIC_PEM, SignError::Algorithm(HMAC_WORDS), SignError::Public),
        (&rsa, SignError::Algorithm(HMAC_WORDS), SignError::Rsa),
        (&pem("RSA PRIVATE KEY", "AAAA"), SignError::Algorithm(HMAC_WORDS), SignError::Rsa),
        (
            &pem("ENCRYPTED PRIVATE KEY", "AAAA"),
            SignError::Algorithm(HMAC_WORDS),
            SignError::Encrypted,
        ),
        (&pem("PRIVATE KEY", "A*AA"), SignError::Algorithm(HMAC_WORDS), SignError::NotBase64),
        (&cut, SignError::Algorithm(HMAC_WORDS), SignError::Damaged),
        (P256_PEM, SignError::Algorithm(HMAC_WORDS), SignError::Algorithm("Ed25519")),
        (&pem("CERTIFICATE", "AAAA"), SignError::Algorithm(HMAC_WORDS), SignError::NotPem),
        ("-----BEGIN X-----AA-----END Y-----", SignError::Algorithm(HMAC_WORDS), SignError::NotPem),
    ] {
        assert_eq!(BinanceKey::hmac(secret).unwrap_err(), hmac, "{secret}");
        assert_eq!(BinanceKey::ed25519(secret).unwrap_err(), ed25519, "{secret}");
    }
    for body in [ED448_BODY, P384_BODY] {
        let key = BinanceKey::ed25519(&pem("PRIVATE KEY", body));
        assert!(matches!(key, Err(SignError::Algorithm(_))));
    }
    assert_eq!(KrakenKey::new("").unwrap_err(), SignError::Empty);
    assert_eq!(KrakenKey::new("kQH5*").unwrap_err(), SignError::NotBase64);
    assert_eq!(KrakenKey::new(&long).unwrap_err(), SignError::TooLong);
    let coinbase = |name: &str, secret: &str| CoinbaseKey::new(name, secret).unwrap_err();
    assert_eq!(coinbase("n", ""), SignError::Empty);
    assert_eq!(coinbase("", P256_PEM), SignError::Name);
    assert_eq!(coinbase("a\"b", P256_PEM), SignError::Name);
    assert_eq!(coinbase(&"n".repeat(257), P256_PEM), SignError::Name);
    assert_eq!(coinbase("n", "AAAA"), SignError::Length(3));
    assert_eq!(coinbase("n", "not base64"), SignError::NotBase64);
    // A pair whose halves do not belong together.
    assert_eq!(coinbase("n", &format!("{}AA==", "A".repeat(84))), SignError::Damaged);
    assert_eq!(coinbase("n", &rsa), SignError::Rsa);
}

/// Made for this test, by openssl.
const RSA_BODY: &str = "MIIBVwIBADANBgkqhkiG9w0BAQEFAASCAUEwggE9AgEAAkEAyyPPm6ThskVUhD8l\n\
    OmGNi03ePUz5ul5A8/2dplMc8oB/HFh6vutt+oIKUUmPPoCbaskBnBIebndiLcUu\n\
    CqdUQwIDAQABAkEAl5ydqUuxC02FW8KJNX5zluHCGbxmsjsAfVnvHKDxfOcn/ncd\n\
    ZIfWWti15QkiyWNOVt3xt/UQ4X+mpSJjWwJCIQIhAOi8trfoHd2V97VPLMX01teJ\n\
    tZGT7KVHkYr+bty6AC+RAiEA33HC2YzhPQkzNj17/AbKZjLmPv89VxO6moFsdDeR\n\
    xJMCIQDMB2wzSzSrZeYzN0ar/9k8OQhIqCJkPpqT/DtaG2FAUQIhAJyMO5PoHDaD\n\
    J5os4ZzltRB9QMuKUBOeAvMVEkMqW7p5AiEAw/F8Dw+UdipzQfABaILnQeZ0qKc/\n\
    dO1Om7X8bUEx+Tk=";
/// Made for this test, by openssl.
const ED448_BODY: &str = "MEcCAQAwBQYDK2VxBDsEObWtog8LVHGo6LveCH5WDE5W1lS27JnRCTmfhvM8hg5J\n\
    So/h/uH/bW1yOxqr5cZ6md63h08GOY7BmQ==";
/// Made for this test, by openssl.
const P384_BODY: &str = "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDA+NoGbDyHllcb5rdzx\n\
    R2pNi/CzJBXpg6ISgQp1tE+8BgUwfbWvmaKccornNz6GQ6GhZANiAASTOlamDJCT\n\
    eX8QE0finKr7T5uQPrJ/j5KAVmIxinYykjrAej8WMnObSWdfDTPOrsRl4cgSOofu\n\
    12Zk8lWzAE2HQb0titLE6/7g76OEB6tha5zIF4Fir7wqJVz2nERVbzo=";
const HMAC_WORDS: &str = "the plain secret for HMAC; a PEM block is Ed25519";

#[test]
fn a_request_that_a_token_cannot_carry_is_refused() {
    let key = CoinbaseKey::new("n", P256_PEM).unwrap();
    for (method, host, path) in [("", "h", "/"), ("GET", "h\"", "/"), ("GET", "h", "/a b")] {
        let mut out = b"before".to_vec();
        let refused = key.rest_token(&Resource { method, host, path }, NOW, &NONCE, &mut out);
        assert_eq!(refused, Err(SignError::Request));
        assert_eq!(out, b"before");
    }
}

#[test]
fn keys_and_errors_show_nothing_of_a_secret() {
    assert_eq!(format!("{:?}", BinanceKey::hmac(BINANCE_SECRET).unwrap()), "BinanceKey");
    assert_eq!(format!("{:?}", KrakenKey::new(KRAKEN_SECRET).unwrap()), "KrakenKey");
    assert_eq!(format!("{:?}", CoinbaseKey::new("n", P256_PEM).unwrap()), "CoinbaseKey");
    let error = KrakenKey::new("do-not-tell").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("do-not-tell"));
}
