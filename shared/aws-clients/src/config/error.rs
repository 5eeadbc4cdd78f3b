use std::path::PathBuf;

/// What is wrong with the environment. Each names the variable to correct.
#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    /// A variable is not there, or empty.
    #[error("{variable} is not set")]
    Missing {
        /// The name of the environment variable.
        variable: &'static str,
    },
    /// An endpoint cannot be called.
    #[error("{variable} is {value:?}, which is not an http or https URL")]
    NotAUrl {
        /// The name of the environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// A switch is neither on nor off.
    #[error("{variable} is {value:?}: set it to true or false")]
    NotASwitch {
        /// The name of the environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// No endpoint can be both another's and one of AWS's special ones.
    #[error("{variable} is true, but {endpoint} names an endpoint of its own: unset one of them")]
    Contradiction {
        /// The name of the variable that is `true`.
        variable: &'static str,
        /// The name of the variable with the endpoint.
        endpoint: &'static str,
    },
    /// A proxy cannot be called. The value is not shown: it may hold a password.
    #[error("{variable} is not the URL of an HTTP proxy, like http://proxy.example.com:3128")]
    NotAProxy {
        /// The name of the environment variable.
        variable: &'static str,
    },
    /// The certificates cannot be read.
    #[error("{variable} names {path:?}, which cannot be read")]
    Unreadable {
        /// The name of the environment variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
        /// The error of the file or of TLS.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("{variable} does not name PEM certificates that TLS can use")]
    Untrusted {
        /// The name of the environment variable.
        variable: &'static str,
        /// The error of the file or of TLS.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
