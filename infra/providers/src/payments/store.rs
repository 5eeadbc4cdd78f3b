//! What the gateway stores: intents, refunds, and the ledger of what was really moved.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::StatusCode;
use local_core::{Clock, Ids};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    customers::Customers,
    intent::{Intent, IntentRequest, Status},
    journal::Journal,
    ledger::{EntryKind, LedgerEntry, entry},
    refund::{Refund, RefundRequest, RefundStatus},
    refusal::Refusal,
    search::Query,
};
use local_core::script::Outcome;

use crate::handle_once::Answer;

pub(super) struct Store {
    ids: Ids,
    rows: Mutex<Rows>,
    pub(super) journal: Arc<Journal>,
}

#[derive(Default)]
struct Rows {
    /// Ids grow, so this is the order of creation.
    intents: BTreeMap<String, Intent>,
    /// Refund ids to their intents.
    refunds: BTreeMap<String, String>,
    ledger: Vec<LedgerEntry>,
    journal: Arc<Journal>,
}

impl Store {
    pub(super) fn new(clock: &Clock) -> Self {
        let rows = Rows::default();
        let journal = Arc::clone(&rows.journal);
        Self { ids: Ids::new(clock), rows: Mutex::new(rows), journal }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock()
    }

    /// Creates an intent and, if it is confirmed, charges its card.
    pub(super) fn charge(
        &self,
        mut request: IntentRequest,
        outcome: Option<Outcome>,
        at: OffsetDateTime,
    ) -> Answer {
        let status = match (request.confirm, request.payment_method.is_some()) {
            (true, _) => request.confirmed(outcome),
            (false, true) => Status::RequiresConfirmation,
            (false, false) => Status::RequiresPaymentMethod,
        };
        let intent = Intent {
            id: self.ids.prefixed("pi"),
            charge: request.confirm.then(|| self.ids.prefixed("ch")),
            request,
            status,
            created: at,
            cancellation_reason: None,
            refunds: Vec::new(),
        };
        self.rows().enter(intent, at)
    }

    /// Charges an intent that was not charged when it was made, or not with success.
    pub(super) fn confirm(
        &self,
        id: &str,
        token: Option<String>,
        customers: &Customers,
        at: OffsetDateTime,
    ) -> Answer {
        let mut rows = self.rows();
        let Some(mut intent) = rows.intents.get(id).cloned() else {
            return Refusal::no_such_intent(id, "intent").into();
        };
        if matches!(intent.status, Status::Succeeded | Status::Canceled) {
            let message = format!("This PaymentIntent is {}.", intent.status.name());
            return Refusal::unexpected_state(message).into();
        }
        let paying = token.map_or(Ok(()), |token| intent.request.pay_with(token, customers));
        if let Err(refusal) = paying.and_then(|()| intent.request.payable()) {
            return refusal.into();
        }
        intent.status = intent.request.confirmed(None);
        intent.charge = Some(self.ids.prefixed("ch"));
        rows.enter(intent, at)
    }

    /// Sees to it that an intent never takes anything.
    pub(super) fn cancel(&self, id: &str, reason: Option<String>, at: OffsetDateTime) -> Answer {
        let mut rows = self.rows();
        let Rows { intents, journal, .. } = &mut *rows;
        match intents.get_mut(id) {
            None => Refusal::no_such_intent(id, "intent").into(),
            Some(intent) if matches!(intent.status, Status::Succeeded | Status::Canceled) => {
                let message = format!("This PaymentIntent is {}.", intent.status.name());
                Refusal::unexpected_state(message).into()
            }
            Some(intent) => {
                (intent.status, intent.cancellation_reason) = (Status::Canceled, reason);
                journal.write("payment_intent.canceled", intent.to_json(), at);
                Answer::ok(intent.to_json())
            }
        }
    }

    /// Gives back what was captured, or a part of it.
    pub(super) fn refund(
        &self,
        request: RefundRequest,
        outcome: Option<Outcome>,
        at: OffsetDateTime,
    ) -> Answer {
        self.try_refund(request, outcome, at).map_or_else(Answer::from, Answer::ok)
    }

    fn try_refund(
        &self,
        request: RefundRequest,
        outcome: Option<Outcome>,
        at: OffsetDateTime,
    ) -> Result<Value, Refusal> {
        let mut rows = self.rows();
        let Rows { intents, refunds, ledger, journal } = &mut *rows;
        let id = request.payment_intent;
        let intent =
            intents.get_mut(&id).ok_or_else(|| Refusal::no_such_intent(&id, "payment_intent"))?;
        let amount = intent.refundable(request.amount)?;
        let token = intent.request.card.as_deref().unwrap_or_default();
        let (status, ends, looks) = match (outcome, Outcome::split_suffix(token).0) {
            (Some(Outcome::Pending(looks)), _) => {
                (RefundStatus::Pending, RefundStatus::Succeeded, looks)
            }
            (Some(Outcome::Failing(looks)), _) => {
                (RefundStatus::Pending, RefundStatus::Failed, looks)
            }
            (_, "pm_card_pendingRefund") => (RefundStatus::Pending, RefundStatus::Succeeded, 0),
            (_, "pm_card_refundFail") => (RefundStatus::Pending, RefundStatus::Failed, 0),
            _ => (RefundStatus::Succeeded, RefundStatus::Succeeded, 0),
        };
        let refund = Refund {
            status,
            ends,
            looks,
            id: self.ids.prefixed("re"),
            amount,
            reason: request.reason,
            metadata: request.metadata,
            created: at,
        };
        let object = intent.refund_to_json(&refund);
        journal.write("refund.created", object.clone(), at);
        if status == RefundStatus::Succeeded {
            ledger.push(entry(&intent.request, &intent.id, EntryKind::Refund, amount, at));
        }
        refunds.insert(refund.id.clone(), id);
        intent.refunds.push(refund);
        Ok(object)
    }

    pub(super) fn intent(&self, id: &str) -> Option<Value> {
        self.rows().intents.get(id).map(Intent::to_json)
    }

    pub(super) fn order_of(&self, intent: &str) -> Option<String> {
        self.rows().intents.get(intent)?.order_id().cloned()
    }

    /// The intents that match, newest first.
    pub(super) fn search(&self, query: &Query) -> Vec<Value> {
        let rows = self.rows();
        rows.intents.values().rev().filter(|it| query.matches(*it)).map(Intent::to_json).collect()
    }

    /// The intents of a customer, or of all, newest first; those before `after`.
    pub(super) fn intents(&self, customer: Option<&str>, after: Option<&str>) -> Vec<Value> {
        let rows = self.rows();
        let older = rows.intents.values().rev().filter(|it| after.is_none_or(|id| *it.id < *id));
        let theirs =
            older.filter(|it| customer.is_none() || it.request.customer.as_deref() == customer);
        theirs.map(Intent::to_json).collect()
    }

    pub(super) fn find_refund(&self, id: &str, at: OffsetDateTime) -> Option<Value> {
        let mut rows = self.rows();
        let intent = rows.refunds.get(id)?.clone();
        rows.look(&intent, Some(id), at);
        let intent = rows.intents.get(&intent)?;
        intent.refunds.iter().find(|refund| refund.id == id).map(|it| intent.refund_to_json(it))
    }

    /// The refunds of an intent, or all, newest first.
    pub(super) fn refunds(
        &self,
        intent: Option<&str>,
        at: OffsetDateTime,
    ) -> Result<Vec<Value>, Refusal> {
        let mut rows = self.rows();
        let of = |intent: &Intent| -> Vec<Value> {
            intent.refunds.iter().rev().map(|it| intent.refund_to_json(it)).collect()
        };
        match intent {
            Some(id) => {
                rows.look(id, None, at);
                let missing = || Refusal::no_such_intent(id, "payment_intent");
                rows.intents.get(id).map(of).ok_or_else(missing)
            }
            None => {
                let newest_first = rows.refunds.iter().rev();
                let refund = newest_first.filter_map(|(id, intent)| {
                    let intent = rows.intents.get(intent)?;
                    Some(intent.refund_to_json(intent.refunds.iter().find(|it| it.id == *id)?))
                });
                Ok(refund.collect())
            }
        }
    }

    pub(super) fn ledger(&self) -> Vec<LedgerEntry> {
        self.rows().ledger.clone()
    }
}

impl Rows {
    /// Writes down an intent that was just made or confirmed, and returns how that went.
    fn enter(&mut self, intent: Intent, at: OffsetDateTime) -> Answer {
        let object = intent.to_json();
        let decline = intent.request.decline.filter(|_| intent.charge.is_some());
        match intent.status {
            Status::Succeeded => self.journal.write("payment_intent.succeeded", object.clone(), at),
            Status::RequiresPaymentMethod if decline.is_some() => {
                self.journal.write("payment_intent.payment_failed", object.clone(), at);
            }
            Status::RequiresPaymentMethod
            | Status::RequiresConfirmation
            | Status::RequiresAction
            | Status::Canceled => {}
        }
        let answer = match decline {
            None => Answer::ok(object),
            Some(decline) => {
                let mut error = intent.card_error(decline);
                error["payment_intent"] = object;
                Answer::new(StatusCode::PAYMENT_REQUIRED, json!({"error": error}))
            }
        };
        if intent.status == Status::Succeeded {
            self.ledger.push(entry(
                &intent.request,
                &intent.id,
                EntryKind::Capture,
                intent.request.amount,
                at,
            ));
        }
        self.intents.insert(intent.id.clone(), intent);
        answer
    }

    /// A client reads the refunds of an intent, or one of them: each pending one moves on.
    fn look(&mut self, intent: &str, refund: Option<&str>, at: OffsetDateTime) {
        let Some(intent) = self.intents.get_mut(intent) else { return };
        let mut ended = Vec::new();
        for it in intent.refunds.iter_mut().filter(|it| refund.is_none_or(|id| it.id == id)) {
            let before = it.status;
            if it.look() {
                self.ledger.push(entry(
                    &intent.request,
                    &intent.id,
                    EntryKind::Refund,
                    it.amount,
                    at,
                ));
            }
            if it.status != before {
                ended.push(it.id.clone());
            }
        }
        for it in intent.refunds.iter().filter(|it| ended.contains(&it.id)) {
            let failed = it.status == RefundStatus::Failed;
            let kind = if failed { "refund.failed" } else { "refund.updated" };
            self.journal.write(kind, intent.refund_to_json(it), at);
        }
    }
}
