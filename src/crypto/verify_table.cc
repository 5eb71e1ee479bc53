// SPDX-License-Identifier: Apache-2.0
// EC_GROUP_precompute_mult is deprecated, for a table of the usual base point is built in; there is no other way to one
// of another point.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/verify_table.h"

#include <openssl/ec.h>

#include "crypto/p256.h"

namespace birthmark::crypto {

std::unique_ptr<const VerifyTable> VerifyTable::make(BytesView point) {
  const BnCtxPtr context{BN_CTX_new()};
  const OpensslPtr<EC_POINT, EC_POINT_free> key{EC_POINT_new(p256())};
  GroupPtr group{EC_GROUP_dup(p256())};
  const bool good = context && key && group &&
                    EC_POINT_oct2point(group.get(), key.get(), point.data(), point.size(), context.get()) == 1 &&
                    EC_GROUP_set_generator(group.get(), key.get(), EC_GROUP_get0_order(p256()), BN_value_one()) == 1 &&
                    EC_GROUP_precompute_mult(group.get(), context.get()) == 1;
  return good ? std::unique_ptr<const VerifyTable>{new VerifyTable{std::move(group)}} : nullptr;
}

const VerifyTable* TableWhenHot::use(BytesView point) {
  if (const auto* const table = table_.load(std::memory_order_acquire)) {
    return table;
  }
  if (uses_.load(std::memory_order_relaxed) >= kUses || uses_.fetch_add(1) + 1 != kUses) {
    return nullptr;  // one thread makes it, the others go on without
  }
  auto table = VerifyTable::make(point);
  table_.store(table.get(), std::memory_order_release);
  return table.release();
}

}  // namespace birthmark::crypto
