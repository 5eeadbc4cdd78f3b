//! Requests and responses of an HTTP API: claims, strict bodies, problem documents, cursors.
