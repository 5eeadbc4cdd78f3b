//! Refunds: what a client asks for, and what becomes of it.
//!
//! Source: <https://docs.stripe.com/api/refunds/object>.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{
    form::{AMOUNT_MAX, Form},
    refusal::Refusal,
};

const PARAMETERS: &[&str] = &["amount", "expand", "metadata", "payment_intent", "reason"];
const REASONS: &[&str] = &["duplicate", "fraudulent", "requested_by_customer"];

/// A valid `POST /v1/refunds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefundRequest {
    pub(super) payment_intent: String,
    /// `None` is whatever is left.
    pub(super) amount: Option<u64>,
    pub(super) reason: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

impl RefundRequest {
    pub(super) fn parse(form: &Form) -> Result<Self, Refusal> {
        form.only(PARAMETERS)?;
        Ok(Self {
            payment_intent: form.required("payment_intent")?.to_owned(),
            amount: form.integer("amount", AMOUNT_MAX)?,
            reason: form.one_of("reason", REASONS)?,
            metadata: form.metadata()?,
        })
    }
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

/// Money that goes back.
#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) status: RefundStatus,
    /// What becomes of it when it is no longer pending, and how many looks that takes.
    pub(super) ends: RefundStatus,
    pub(super) looks: u32,
    pub(super) id: String,
    pub(super) amount: u64,
    pub(super) reason: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) created: OffsetDateTime,
}

impl Refund {
    /// A client reads it. Whether the money is back since.
    pub(super) fn look(&mut self) -> bool {
        if self.status != RefundStatus::Pending {
            return false;
        }
        if self.looks > 0 {
            self.looks -= 1;
            return false;
        }
        self.status = self.ends;
        self.status == RefundStatus::Succeeded
    }
}
