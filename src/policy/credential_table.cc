// SPDX-License-Identifier: Apache-2.0
#include "policy/credential_table.h"

#include <cassert>
#include <string>

namespace birthmark::policy {
namespace {

/// What to store when `wanted` is published over `before`.
Result<CredentialRecord> judge_publish(const CredentialRecord& before, const CredentialRecord& wanted) {
  const bool assigned = before.device != DeviceRow{};
  if (assigned && before.device != wanted.device) {
    return fail(Code::conflict, "the place belongs to another device");
  }
  // Readers may have missed steps in between, so a path is enough; S5 to S3 has none.
  if (assigned && before.state != wanted.state && !lifecycle::can_ever_reach(before.state, wanted.state)) {
    return fail(Code::conflict, std::string{short_name(before.state)}.append(" to ").append(short_name(wanted.state)));
  }
  CredentialRecord stored = wanted;
  BM_TRY(stored.status, lifecycle::on_wire(before.status, wanted.status));
  return stored;
}

Result<CredentialRecord> judge_restore(const CredentialRecord& before, const CredentialRecord& wanted) {
  if (before != CredentialRecord{}) {
    return fail(Code::conflict, "the place is assigned");
  }
  return wanted;
}

}  // namespace

CredentialTable::CredentialTable(unsigned bits) : bits_{bits} {
  assert(bits <= kBitsMax);
  pages_ = std::make_unique<std::atomic<Page*>[]>(page_count());
}

CredentialTable::~CredentialTable() {
  for (std::size_t i = 0; i < page_count(); ++i) {
    delete pages_[i].load(std::memory_order_relaxed);
  }
}

Result<void> CredentialTable::publish(std::uint32_t index, const CredentialRecord& record) {
  return replace(index, record, judge_publish);
}

Result<void> CredentialTable::restore(std::uint32_t index, const CredentialRecord& record) {
  return replace(index, record, judge_restore);
}

Result<void> CredentialTable::replace(std::uint32_t index, const CredentialRecord& record, Judge judge) {
  if (index >= capacity()) {
    return fail(Code::bad_request, "outside the list");
  }
  if (record.device == DeviceRow{} || !pack(record)) {
    return fail(Code::bad_request, "a field does not fit");
  }
  BM_CHECK(judge(load(index), record));  // before a page is made for nothing
  auto& word = page_of(index)[index % kPageWords];
  for (auto seen = word.load(std::memory_order_acquire);;) {
    BM_TRY(const CredentialRecord stored, judge(unpack(seen), record));
    if (word.compare_exchange_weak(seen, *pack(stored), std::memory_order_acq_rel, std::memory_order_acquire)) {
      return {};
    }
  }
}

CredentialTable::Page& CredentialTable::page_of(std::uint32_t index) {
  auto& slot = pages_[index / kPageWords];
  Page* page = slot.load(std::memory_order_acquire);
  if (page != nullptr) {
    return *page;
  }
  auto fresh = std::make_unique<Page>();
  // Of two writers one wins; the other's page dies with `fresh`.
  if (slot.compare_exchange_strong(page, fresh.get(), std::memory_order_acq_rel, std::memory_order_acquire)) {
    page = fresh.release();
  }
  return *page;
}

std::size_t CredentialTable::bytes() const {
  std::size_t total = sizeof(*this) + page_count() * sizeof(pages_[0]);
  for (std::size_t i = 0; i < page_count(); ++i) {
    total += pages_[i].load(std::memory_order_acquire) == nullptr ? 0 : sizeof(Page);
  }
  return total;
}

}  // namespace birthmark::policy
