// SPDX-License-Identifier: Apache-2.0
#include "app/cas.h"

namespace birthmark::app {

Result<void> check_issues(const CaRecord* ca) {
  return ca != nullptr && ca->state == CaState::active && !ca->key_destroyed
             ? Result<void>{}
             : fail(Code::scope, "this CA issues nothing any more");
}

Result<std::shared_ptr<const CaDirectory>> CaDirectory::make(std::vector<CaRecord> records,
                                                             const std::string& crl_base) {
  auto directory = std::make_shared<CaDirectory>();
  for (auto& record : records) {
    if (record.certificate.empty()) {
      continue;  // a root that is being made
    }
    // A certificate names the CRL of its issuer, which has the issuer's number.
    auto url = crl_base.empty() ? std::string{} : crl_base + "/crl/" + std::to_string(record.id.get()) + ".crl";
    BM_TRY(auto certificate, pki::ca_certificate(record.certificate, record.profile, std::move(url)));
    const auto place = directory->cas_.size();
    if (!directory->by_key_id_.emplace(certificate.issuer.key_id, place).second) {
      return fail(Code::key_attributes, "two CAs share a key: " + record.name);
    }
    directory->by_id_.emplace(record.id, place);
    directory->cas_.push_back({std::move(record), std::move(certificate)});
  }
  return std::shared_ptr<const CaDirectory>{std::move(directory)};
}

const Ca* CaDirectory::find(CaId id) const {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &cas_.at(at->second);
}

const Ca* CaDirectory::by_key_id(BytesView key_id) const {
  const auto id = octets<20>(key_id);
  const auto at = id ? by_key_id_.find(*id) : by_key_id_.end();
  return at == by_key_id_.end() ? nullptr : &cas_.at(at->second);
}

std::vector<const Ca*> CaDirectory::chain(CaId id) const {
  std::vector<const Ca*> chain;
  for (const Ca* ca = find(id); ca != nullptr && chain.size() < cas_.size();
       ca = ca->record.parent ? find(*ca->record.parent) : nullptr) {
    chain.push_back(ca);
  }
  return chain;
}

Result<void> CaDirectoryHolder::refresh() {
  BM_TRY(auto records, store_.read_for<std::vector<CaRecord>>([](Tx& tx) { return tx.cas(); }));
  BM_TRY(auto directory, CaDirectory::make(std::move(records), crl_base_));
  const std::scoped_lock lock{mutex_};
  newest_ = std::move(directory);
  return {};
}

std::shared_ptr<const CaDirectory> CaDirectoryHolder::get() const {
  const std::scoped_lock lock{mutex_};
  return newest_;
}

}  // namespace birthmark::app
