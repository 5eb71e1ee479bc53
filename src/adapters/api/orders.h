// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/api/problem.h"
#include "adapters/api/router.h"
#include "app/orders.h"

// Orders that come again (docs/wire/api.md): the header Idempotency-Key.
namespace birthmark::api {

/// Of the header, as draft-ietf-httpapi-idempotency-key-header has it: a string of RFC 8941, 1 to 64 characters. The
/// fingerprint is over method, path, query and body.
/// @return nothing where there is none. @error bad_request: another form, or given twice
Result<std::optional<app::OrderKey>> order_key(const http::Request& request, const app::Presentation& caller);

/// The operator who orders, as entries of the log name him.
std::string actor_of(const Call& call);
/// Of an order that leads to a certificate: who repeats it gets the one that it led to.
std::optional<app::RequestKey> request_of(const Call& call);

/// The answer that the same order got before, after what that left undone is done.
/// @param call with the key of an order.
/// @return nothing: it is new, or its use case finds the certificate that it led to.
/// @error request_conflict; storage: its entry is not in the log yet; whatever finishing it refuses
Result<std::optional<http::Response>> answer_before(const Route& route, Call& call);

/// Keeps the answer of an order with a key, in the transaction of the change.
/// @param render of the outcome, a response.
template <class T, class Render>
app::AtChange<T> keeping(const Call& call, Render render) {
  if (!call.order) {
    return {};
  }
  return [order = *call.order, now = call.services.clock.now(), render = std::move(render)](
             app::Tx& tx, const T& outcome) -> Result<void> {
    const http::Response answer = render(outcome);
    return app::keep_answer(tx, order, {static_cast<std::uint16_t>(answer.status), to_bytes(as_bytes(answer.body))},
                            now);
  };
}

}  // namespace birthmark::api
