// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "app/ports/records.h"
#include "app/ports/store.h"
#include "policy/policy.h"

namespace birthmark::app {

/// The products' policies, read once and shared; replaced as a whole when one changes.
class Catalog {
 public:
  /// Reads and checks the text of a policy. @error policy, test_anchor, bad_request
  using Reader = std::function<Result<policy::ProductPolicy>(const ProductRecord&)>;

  Catalog(const Store& store, Reader reader) : store_{store}, reader_{std::move(reader)} {}
  /// Whether the text could be a product's policy. @error the reader's
  [[nodiscard]] Result<void> check(const std::string& policy) const;
  /// Reads all products anew. @error storage, and the reader's.
  Result<void> refresh();
  /// @error policy: no such product; nothing is ever allowed for it.
  [[nodiscard]] Result<std::shared_ptr<const policy::ProductPolicy>> find(ProductId id) const;
  [[nodiscard]] std::map<ProductId, std::shared_ptr<const policy::ProductPolicy>> all() const;

 private:
  const Store& store_;
  const Reader reader_;
  mutable std::mutex mutex_;
  std::map<ProductId, std::shared_ptr<const policy::ProductPolicy>> products_;
};

}  // namespace birthmark::app
