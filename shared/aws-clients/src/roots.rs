//! Trusted authorities: Amazon's own, or those of a bundle.
//!
//! A handful of roots instead of the system's hundred and forty: they are read on every cold
//! start. Source: <https://www.amazontrust.com/repository/>.

use std::{fs, path::Path};

use aws_smithy_http_client::tls::TrustStore;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{EnvError, config::CA_BUNDLE};

/// The authorities of Amazon, as PEM: for an HTTP client of one's own.
pub const AMAZON: &[u8] = include_bytes!("../roots/amazon-trust-services.pem");

/// The authorities in `bundle`, or Amazon's if there is none.
pub(crate) fn trusted(bundle: Option<&Path>) -> Result<TrustStore, EnvError> {
    let pem = match bundle {
        None => AMAZON.to_vec(),
        Some(path) => read(path)?,
    };
    Ok(TrustStore::empty().with_pem_certificate(pem))
}

fn read(path: &Path) -> Result<Vec<u8>, EnvError> {
    let variable = CA_BUNDLE;
    let pem = fs::read(path).map_err(|source| EnvError::Unreadable {
        variable,
        path: path.to_owned(),
        source,
    })?;
    // The HTTP client reads it again, but panics where this refuses.
    match count(&pem) {
        Ok(0) => Err(EnvError::Untrusted { variable, source: "no certificate in it".into() }),
        Ok(_) => Ok(pem),
        Err(source) => Err(EnvError::Untrusted { variable, source }),
    }
}

/// How many authorities `pem` holds.
fn count(pem: &[u8]) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        store.add(certificate?)?;
    }
    Ok(store.len())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_five_roots_of_amazon_are_here() {
        assert_eq!(count(AMAZON).unwrap(), 5);
    }

    #[test]
    fn a_bundle_that_tls_could_not_use_is_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n?\n", broken] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let error = trusted(Some(file.path())).unwrap_err().to_string();
            assert!(error.starts_with("AWS_CA_BUNDLE does not name PEM"), "{text}: {error}");
        }
        let error = trusted(Some(Path::new("/nowhere"))).unwrap_err().to_string();
        assert_eq!(error, r#"AWS_CA_BUNDLE names "/nowhere", which cannot be read"#);
    }

    #[test]
    fn a_bundle_takes_the_place_of_amazons_roots() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(AMAZON).unwrap();
        trusted(Some(file.path())).unwrap();
    }
}
