// SPDX-License-Identifier: Apache-2.0
#include "app/orders.h"

namespace birthmark::app {

Result<std::optional<RequestRecord>> order_before(Tx& tx, const OrderKey& order) {
  BM_TRY(auto before, tx.request(order.caller, order.id));
  if (before && before->key != order.fingerprint) {
    return fail(Code::request_conflict, "this idempotency key was given to another order");
  }
  return before;
}

Result<void> keep_answer(Tx& tx, const OrderKey& order, KeptAnswer answer, Instant now) {
  BM_TRY(const auto before, order_before(tx, order));
  if (before) {
    return fail(Code::conflict, "this very order is being carried out");
  }
  return tx.add_request({.caller = order.caller,
                         .id = order.id,
                         .key = order.fingerprint,
                         .certificate = {},
                         .at = now,
                         .answer = std::move(answer)});
}

}  // namespace birthmark::app
