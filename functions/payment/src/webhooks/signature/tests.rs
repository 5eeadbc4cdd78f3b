use time::macros::datetime;

use super::*;

const SECRET: &str = "whsec_sample_secret_of_the_endpoint";
const BEFORE: &str = "whsec_sample_secret_before_rotation";
const BODY: &[u8] = br#"{"id":"evt_1"}"#;
/// What Python's `hmac` makes of the body at this time, with each of the secrets.
const TIME: &str = "t=1763375400";
const SIGNED: &str = "8f26dd6ab0f9eb1ebda224c7471cbfd2a4277bd2aa4360ea68209d63bb02bfba";
const SIGNED_BEFORE: &str = "b37023625b68428853acc58573742979b7e5fb50818d99c18c2ce9dc1830f4ae";

fn secrets(text: &str) -> SigningSecrets {
    SigningSecrets::parse(text.to_owned()).unwrap()
}

fn is_signed(secrets_text: &str, header: &str) -> bool {
    let signature = Signature::parse(header).unwrap();
    secrets(secrets_text).have_signed(&signature, BODY)
}

#[test]
fn what_was_signed_with_the_secret_is_known() {
    let header = format!("{TIME},v1={SIGNED}");
    assert!(is_signed(SECRET, &header));
    assert!(!is_signed(BEFORE, &header));
    let signature = Signature::parse(&header).unwrap();
    for other in [&b""[..], br#"{"id":"evt_2"}"#, br#"{"id":"evt_1"} "#] {
        assert!(!secrets(SECRET).have_signed(&signature, other));
    }
    let later = header.replace("1763375400", "1763375401");
    assert!(!is_signed(SECRET, &later), "the time is signed, too");
}

#[test]
fn while_the_secret_is_changed_either_side_may_be_ahead() {
    let now = format!("v1={SIGNED}");
    let before = format!("v1={SIGNED_BEFORE}");
    let both = format!("{SECRET}\n{BEFORE}\n");
    for (secrets, header) in [
        (SECRET, format!("{TIME},{before},{now}")),
        (SECRET, format!("{TIME},{now},{before}")),
        (&both, format!("{TIME},{before}")),
        (&both, format!("{TIME},{now}")),
        (SECRET, format!("{now},{TIME}")),
        (SECRET, format!("{TIME},v0={SIGNED_BEFORE},{now},v2=whatever")),
    ] {
        assert!(is_signed(secrets, &header), "{header}");
    }
    assert!(!is_signed(SECRET, &format!("{TIME},{before},{before}")));
}

#[test]
fn what_is_no_signature_is_none() {
    let ok = format!("{TIME},v1={SIGNED}");
    assert!(Signature::parse(&ok).is_some());
    let many = format!("{TIME}{}", format!(",v1={SIGNED}").repeat(SIGNATURES_MAX + 1));
    let long = format!("{ok},v9={}", "0".repeat(HEADER_BYTES_MAX));
    for header in [
        "",
        ",",
        "t",
        TIME,
        SIGNED,
        &format!("v1={SIGNED}"),
        &format!("t=,v1={SIGNED}"),
        &format!("t=+1763375400,v1={SIGNED}"),
        &format!("t=-1,v1={SIGNED}"),
        &format!("t=1763375400.5,v1={SIGNED}"),
        &format!("t=now,v1={SIGNED}"),
        &format!("t=9999999999999,v1={SIGNED}"),
        &format!("t=999999999999,v1={SIGNED}"),
        &format!("{TIME},{ok}"),
        &format!("T=1763375400,v1={SIGNED}"),
        &format!("{TIME}, v1={SIGNED}"),
        &format!("{TIME};v1={SIGNED}"),
        &format!("{TIME},v1"),
        &format!("{TIME},v1="),
        &format!("{TIME},v1={}", &SIGNED[2..]),
        &format!("{TIME},v1={SIGNED}00"),
        &format!("{TIME},v1={}zz", &SIGNED[2..]),
        &format!("{TIME},v1=={SIGNED}"),
        &format!("{TIME},v0={SIGNED}"),
        &format!("{TIME},V1={SIGNED}"),
        &many,
        &long,
    ] {
        assert_eq!(Signature::parse(header), None, "{header}");
    }
}

#[test]
fn a_signature_holds_for_five_minutes_to_both_sides() {
    let signature = Signature::parse(&format!("{TIME},v1={SIGNED}")).unwrap();
    let at = datetime!(2025-11-17 10:30 UTC);
    let beyond = TOLERANCE + Duration::from_millis(1);
    assert!(signature.is_of_now(at));
    assert!(signature.is_of_now(at + TOLERANCE) && signature.is_of_now(at - TOLERANCE));
    assert!(!signature.is_of_now(at + beyond) && !signature.is_of_now(at - beyond));
    let first = Signature::parse(&format!("t=0,v1={SIGNED}")).unwrap();
    assert!(!first.is_of_now(at));
}

#[test]
fn secrets_are_some_and_stay_secret() {
    let four = [SECRET, BEFORE, SECRET, BEFORE].join(" ");
    for text in [SECRET, &format!(" {SECRET}\t{BEFORE}\r\n"), &four] {
        assert!(!format!("{:?}", secrets(text)).contains("whsec"));
    }
    let long = "w".repeat(SECRET_BYTES_MAX + 1);
    for text in [
        "",
        " \n",
        "whsec_short",
        &format!("{SECRET},{BEFORE}"),
        &format!("{SECRET} hush"),
        &format!("{SECRET}\u{e9}"),
        &format!("{four} {SECRET}"),
        &long,
    ] {
        let error = SigningSecrets::parse(text.to_owned()).unwrap_err();
        assert!(!error.to_string().contains("whsec_s"), "{error}");
    }
}
