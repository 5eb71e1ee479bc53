// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

#include "app/ports/store.h"

namespace birthmark::app {

/// An operator's order that may come again because its answer was lost (docs/wire/api.md, "Orders that come again").
struct OrderKey {
  Digest caller;       ///< SHA-256 of his certificate
  Octets<16> id;       ///< of the key that he gave it
  Digest fingerprint;  ///< SHA-256 of everything that he asks for
};

/// Runs in the transaction of a change and sees what the change made; may refuse it.
template <class T>
using AtChange = std::function<Result<void>(Tx&, const T& outcome)>;

/// What the same order has led to. @return nothing: it is new, or was refused.
/// @error request_conflict: the key was given to another order; storage
Result<std::optional<RequestRecord>> order_before(Tx& tx, const OrderKey& order);

/// Keeps the answer for who asks again; for the transaction of the change. @param now when, by which it is pruned.
/// @error conflict: another thread is carrying out this very order; request_conflict; storage
Result<void> keep_answer(Tx& tx, const OrderKey& order, KeptAnswer answer, Instant now);

}  // namespace birthmark::app
