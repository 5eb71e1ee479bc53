// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/admission.h"

namespace birthmark::http {

Admission::Verdict Admission::enter(std::uint64_t number, const std::string& source) {
  const std::scoped_lock lock{mutex_};
  Verdict verdict{.admitted = true};
  const auto share = shares_.find(source);
  const bool source_full = share != shares_.end() && share->second.open >= source_max_;
  if (source_full || sources_.size() >= all_max_) {
    const auto& candidates = source_full ? share->second.unproven : unproven_;
    if (candidates.empty()) {
      return {};
    }
    verdict.evicted = *candidates.begin();
    remove(*verdict.evicted);
  }
  sources_.emplace(number, source);
  auto& own = shares_[source];
  ++own.open;
  own.unproven.insert(number);
  unproven_.insert(number);
  return verdict;
}

void Admission::prove(std::uint64_t number) {
  const std::scoped_lock lock{mutex_};
  const auto at = sources_.find(number);
  if (at == sources_.end()) {
    return;
  }
  unproven_.erase(number);
  shares_[at->second].unproven.erase(number);
}

void Admission::leave(std::uint64_t number) {
  const std::scoped_lock lock{mutex_};
  remove(number);
}

void Admission::remove(std::uint64_t number) {
  const auto at = sources_.find(number);
  if (at == sources_.end()) {
    return;
  }
  const auto share = shares_.find(at->second);
  share->second.unproven.erase(number);
  if (--share->second.open == 0) {
    shares_.erase(share);
  }
  unproven_.erase(number);
  sources_.erase(at);
}

}  // namespace birthmark::http
