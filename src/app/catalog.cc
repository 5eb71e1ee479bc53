// SPDX-License-Identifier: Apache-2.0
#include "app/catalog.h"

namespace birthmark::app {

Result<void> Catalog::check(const std::string& policy) const {
  ProductRecord record;
  record.policy = policy;
  return without_value(reader_(record));
}

Result<void> Catalog::refresh() {
  BM_TRY(const auto records, store_.read_for<std::vector<ProductRecord>>([](Tx& tx) { return tx.products(); }));
  std::map<ProductId, std::shared_ptr<const policy::ProductPolicy>> products;
  for (const auto& record : records) {
    BM_TRY(auto read, reader_(record));
    read.product = record.id;
    read.name = record.name;
    products.emplace(record.id, std::make_shared<const policy::ProductPolicy>(std::move(read)));
  }
  const std::scoped_lock lock{mutex_};
  products_ = std::move(products);
  return {};
}

Result<std::shared_ptr<const policy::ProductPolicy>> Catalog::find(ProductId id) const {
  const std::scoped_lock lock{mutex_};
  const auto at = products_.find(id);
  return at == products_.end()
             ? Result<std::shared_ptr<const policy::ProductPolicy>>{fail(Code::policy, "no policy for this product")}
             : Result<std::shared_ptr<const policy::ProductPolicy>>{at->second};
}

std::map<ProductId, std::shared_ptr<const policy::ProductPolicy>> Catalog::all() const {
  const std::scoped_lock lock{mutex_};
  return products_;
}

}  // namespace birthmark::app
