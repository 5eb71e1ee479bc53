// SPDX-License-Identifier: Apache-2.0
#include "policy/authorize.h"

#include "lifecycle/serial.h"

namespace birthmark::policy {
namespace {

/// Stands in where no product is known; grants nothing in any state.
const ProductPolicy& no_policy() {
  static const ProductPolicy kNone = [] {
    ProductPolicy none;
    none.actions = {};
    return none;
  }();
  return kNone;
}

}  // namespace

Authorized authorize(const Snapshot& snapshot, const Presented& presented, const Request& request, Instant now, As as) {
  Authorized out;
  Facts facts;
  facts.path = presented.path;
  facts.receipt = presented.receipt;
  facts.device = presented.device;
  facts.now = now;
  const Issuer* issuer = snapshot.issuer(presented.issuer);
  const auto index = lifecycle::index_of(presented.serial);
  if (issuer != nullptr && index) {
    facts.issuer = issuer->status;
    CredentialRecord record = issuer->credentials->load(*index);
    if (as == As::first_used && record.state == lifecycle::State::enrolled &&
        record.status == lifecycle::Status::not_admitted) {
      record.state = lifecycle::State::operational;
      record.status = lifecycle::Status::admitted;
    }
    if (record.device != DeviceRow{}) {
      out.device = record.device;
      out.policy = snapshot.product(record.product);
      facts.credential = record.status;
      facts.state = record.state;
      facts.appraised_at = record.appraised_at;
      // The registry admits nobody below the minimum, and holds those whom a raised minimum overtakes.
      if (record.status == lifecycle::Status::admitted) {
        facts.firmware = lifecycle::FirmwareStanding::meets;
      }
    }
  }
  out.decision = decide(facts, out.policy == nullptr ? no_policy() : *out.policy, request);
  return out;
}

}  // namespace birthmark::policy
