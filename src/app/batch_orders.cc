// SPDX-License-Identifier: Apache-2.0
// Production orders: what opens a batch with its CAs, and what closes it for ever.
#include <algorithm>
#include <set>

#include "app/hierarchy.h"
#include "app/registration.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using pki::ProfileId;

constexpr std::size_t kNameMax = 64;
constexpr std::size_t kDevicesAtOnce = 256;  // that one transaction holds: others write between
constexpr std::uint32_t kSpareMin = 256;     // places of a shared list beyond a quarter more than the units
constexpr std::size_t kProductsMax = 255;    // a record of the snapshot names its product in one octet

bool same_terms(const BatchRecord& batch, const ProductRecord& product, const BatchOrder& order) {
  const auto& budget = batch.budget;
  return product.name == order.product && (!order.policy || product.policy == *order.policy) &&
         budget.factory == order.factory && budget.quantity == order.quantity && budget.opens == order.opens &&
         budget.closes == order.closes && budget.rate == order.rate;
}

Result<bool> same_plan(Tx& tx, BatchId batch, const std::vector<Digest>& plan) {
  const std::set<Digest> wanted{plan.begin(), plan.end()};
  BM_TRY(const auto size, tx.plan_size(batch));
  bool same = size == wanted.size();
  for (auto part = wanted.begin(); same && part != wanted.end(); ++part) {
    BM_TRY(same, tx.in_plan(batch, *part));
  }
  return same;
}

/// '/' stands between the parts of a CA's name, so that it may not stand inside one: two orders would share a CA.
Result<void> check_name(std::string_view what, std::string_view name) {
  const bool printable = std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '/'; });
  const bool good = !name.empty() && name.size() <= kNameMax && printable && name.front() != ' ' && name.back() != ' ';
  return good ? Result<void>{}
              : fail(Code::bad_request, std::string{what} + ": 1 to 64 printable characters of ASCII without '/'");
}

/// All places of the batch's own CA; of one that issues for many, a quarter more than the units and some for small
/// batches, behind what other batches have. An eighth stays free, so that a place is found by drawing.
/// @error quota_exhausted: the CA's list has no such part left
Result<Places> own_places(Tx& tx, CaId issuer, std::uint32_t quantity) {
  BM_TRY(const auto ca, tx.ca(issuer));
  BM_TRY(const auto batches, tx.batches());
  if (!ca) {
    return fail(Code::not_found, "the batch's CA is gone");
  }
  const auto all = places_of(*ca);
  auto wanted = std::uint64_t{all.count};
  std::uint64_t taken = 0;
  if (ca->profile != ProfileId::batch_ca) {
    wanted = std::uint64_t{quantity} + quantity / 4 + kSpareMin;
    for (const auto& batch : batches) {
      taken = batch.manufacturing_ca == issuer ? std::max(taken, batch.list.end()) : taken;
    }
  }
  return taken + wanted <= all.count && wanted * 7 >= std::uint64_t{quantity} * 8
             ? Result<Places>{Places{.first = static_cast<std::uint32_t>(taken),
                                     .count = static_cast<std::uint32_t>(wanted)}}
             : fail(Code::quota_exhausted,
                    "the status list of CA " + ca->name + " has no room for a batch of " + std::to_string(quantity));
}

lifecycle::Batch budget_of(const BatchOrder& order) {
  lifecycle::Batch wanted;
  wanted.factory = order.factory;
  wanted.quantity = order.quantity;
  wanted.opens = order.opens;
  wanted.closes = order.closes;
  wanted.rate = order.rate;
  wanted.plan = order.plan.empty() ? lifecycle::PlanOfHardware::absent : lifecycle::PlanOfHardware::present;
  return wanted;
}

}  // namespace

/// Everything that can be wrong with an order, before anything is written.
Result<void> Hierarchy::check_order(const BatchOrder& order, const lifecycle::Batch& wanted) const {
  for (const auto& [what, name] :
       {std::pair{"batch", &order.name}, std::pair{"product", &order.product}, std::pair{"factory", &order.factory}}) {
    BM_CHECK(check_name(what, *name));
  }
  BM_CHECK(ports_.catalog.check(order.policy.value_or("")));
  return without_value(lifecycle::open_batch(wanted));
}

/// The order's product, with the policy that the order brings.
Result<ProductId> Hierarchy::product_of(const BatchOrder& order, const std::string& actor) {
  BM_TRY(const auto id, ports_.store.write_for<ProductId>([&](Tx& tx) -> Result<ProductId> {
    BM_TRY(const auto all, tx.products());
    const auto there = std::ranges::find(all, order.product, &ProductRecord::name);
    if (there != all.end() && (!order.policy || there->policy == *order.policy)) {
      return there->id;
    }
    if (there == all.end() && all.size() >= kProductsMax) {
      return fail(Code::quota_exhausted, "this registry has its " + std::to_string(kProductsMax) + " products");
    }
    const auto text = order.policy.value_or("");
    const auto hash = crypto::sha256(as_bytes(text));
    BM_CHECK(tx.audit({.kind = audit::EntryKind::operator_action,
                       .at = ports_.clock.now(),
                       .epoch = ports_.store.epoch().get(),
                       .subject_hash = hash,
                       .actor = actor,
                       .reason = "policy of " + order.product}));
    return tx.put_product({.id = {}, .name = order.product, .policy = text, .policy_hash = hash});
  }));
  BM_CHECK(ports_.catalog.refresh());
  return id;
}

/// Gates take an admitted device's firmware for good enough: so nobody stays admitted below the minimum. Asked again it
/// holds those that an interrupted order has left.
Result<void> Hierarchy::hold_overtaken(ProductId product, const std::string& actor) {
  BM_TRY(const auto policy, ports_.catalog.find(product));
  const auto overtaken = [&](const lifecycle::DeviceRecord& device) {
    const bool serves = device.state == lifecycle::State::enrolled || device.state == lifecycle::State::operational;
    return serves && device.product == product && !device.holds.contains(lifecycle::HoldCause::policy) &&
           device.root != lifecycle::RootKind::software &&
           lifecycle::judge_firmware(device.firmware, policy->minimum_firmware) != lifecycle::FirmwareStanding::meets;
  };
  DeviceRow after;
  while (policy->minimum_firmware != lifecycle::FirmwareVersion{}) {
    BM_TRY(const auto some, ports_.store.read_for<std::vector<lifecycle::DeviceRecord>>(
                                [&](Tx& tx) { return tx.devices(after, kDevicesAtOnce); }));
    if (std::ranges::any_of(some, overtaken)) {
      std::set<DeviceRow> held;
      BM_CHECK(ports_.store.write([&](Tx& tx) -> Result<void> {
        held.clear();
        BM_TRY(const auto now, tx.devices(after, kDevicesAtOnce));
        for (const auto& device : now) {
          if (overtaken(device)) {
            BM_CHECK(advance(tx, device, lifecycle::decide_hold(device, lifecycle::HoldCause::policy),
                             {ports_.clock.now(), ports_.store.epoch(), actor}));
            held.insert(device.row);
          }
        }
        return {};
      }));
      ports_.sessions.cut(held);
    }
    if (some.size() < kDevicesAtOnce) {
      break;
    }
    after = some.back().row;
  }
  return {};
}

/// The batch that the same order has opened. @error batch_closed; conflict: the name is another order's
Result<std::optional<BatchRecord>> Hierarchy::opened_before(const BatchOrder& order) const {
  return ports_.store.read_for<std::optional<BatchRecord>>([&](Tx& tx) -> Result<std::optional<BatchRecord>> {
    BM_TRY(auto there, tx.batch_named(order.name));
    if (!there) {
      return there;
    }
    if (there->budget.state != lifecycle::BatchState::open) {
      return fail(Code::batch_closed, "batch " + order.name + " is closed for ever");
    }
    BM_TRY(const auto products, tx.products());
    const auto product = std::ranges::find(products, there->budget.product, &ProductRecord::id);
    const bool terms = product != products.end() && same_terms(*there, *product, order);
    BM_TRY(const bool same, terms ? same_plan(tx, there->budget.id, order.plan) : Result<bool>{false});
    return same ? Result<std::optional<BatchRecord>>{std::move(there)}
                : fail(Code::conflict, "batch " + order.name + " is another order");
  });
}

Result<BatchRecord> Hierarchy::open_batch(const BatchOrder& order, const std::string& actor,
                                          const AtChange<BatchRecord>& at_change) {
  auto wanted = budget_of(order);
  {
    const std::scoped_lock lock{mutex_};
    BM_TRY(auto there, opened_before(order));
    if (there) {
      return std::move(*there);
    }
    BM_CHECK(check_order(order, wanted));
    BM_TRY(wanted.product, product_of(order, actor));
  }
  if (order.policy) {
    BM_CHECK(hold_overtaken(wanted.product, actor));  // as long as the fleet is large: no CA waits for it
  }
  return add_batch(order, wanted, actor, at_change);
}

Result<BatchRecord> Hierarchy::add_batch(const BatchOrder& order, const lifecycle::Batch& wanted,
                                         const std::string& actor, const AtChange<BatchRecord>& at_change) {
  const std::scoped_lock lock{mutex_};
  BM_TRY(auto there, opened_before(order));
  if (there) {
    return std::move(*there);  // by another thread, meanwhile
  }
  BatchRecord batch;
  BM_TRY(batch.budget, lifecycle::open_batch(wanted));
  batch.name = order.name;
  BM_TRY(batch.manufacturing_ca, manufacturing_ca(order));
  BM_TRY(batch.list,
         ports_.store.read_for<Places>([&](Tx& tx) { return own_places(tx, batch.manufacturing_ca, order.quantity); }));
  BM_TRY(const auto operational, operational_generation(order.product, order.factory, order.name, order.quantity, 1));
  batch.operational_ca = operational.id;
  BM_TRY(batch.budget.id, ports_.store.write_for<BatchId>([&](Tx& tx) -> Result<BatchId> {
    BM_TRY(const auto id, tx.add_batch(batch));
    BM_CHECK(tx.add_plan(id, order.plan));
    for (const auto ca : {batch.manufacturing_ca, batch.operational_ca}) {
      BM_TRY(auto record, tx.ca(ca));
      if (record && record->profile != ProfileId::factory_ca && record->profile != ProfileId::product_line_ca &&
          record->profile != ProfileId::manufacturing_root) {
        record->batch = id;
        BM_CHECK(tx.update_ca(*record));
      }
    }
    BM_CHECK(tx.audit({.kind = audit::EntryKind::batch_opened,
                       .at = ports_.clock.now(),
                       .epoch = ports_.store.epoch().get(),
                       .batch = id,
                       .actor = actor,
                       .reason = order.name,
                       .count = order.quantity}));
    if (at_change) {
      BM_CHECK(at_change(tx, batch));
    }
    return id;
  }));
  BM_CHECK(refresh());
  return batch;
}

Result<BatchRecord> Hierarchy::seal_batch(const std::string& name, const std::string& actor,
                                          const AtChange<BatchRecord>& at_change) {
  const std::scoped_lock lock{mutex_};
  struct Sealed {
    BatchRecord batch;
    std::optional<std::string> key;
  };
  auto sealed = ports_.store.write_for<Sealed>([&](Tx& tx) -> Result<Sealed> {
    BM_TRY(auto batch, tx.batch_named(name));
    if (!batch) {
      return fail(Code::not_found, "no batch " + name);
    }
    BM_TRY(batch->budget, lifecycle::seal(batch->budget));
    BM_CHECK(tx.update_batch(*batch));
    BM_TRY(auto ca, tx.ca(batch->manufacturing_ca));
    std::optional<std::string> key;
    if (ca && ca->profile == ProfileId::batch_ca) {
      ca->key_destroyed = true;
      key = ca->key;
      BM_CHECK(tx.update_ca(*ca));
    }
    BM_CHECK(tx.audit({.kind = audit::EntryKind::batch_sealed,
                       .at = ports_.clock.now(),
                       .epoch = ports_.store.epoch().get(),
                       .batch = batch->budget.id,
                       .actor = actor,
                       .reason = name,
                       .count = batch->budget.issued}));
    if (at_change) {
      BM_CHECK(at_change(tx, *batch));
    }
    return Sealed{std::move(*batch), std::move(key)};
  });
  if (!sealed) {
    if (sealed.error().code == Code::batch_closed) {
      BM_CHECK(finish_seal(name));
    }
    return fail(sealed.error());
  }
  if (sealed->key) {
    BM_CHECK(ports_.signer.destroy(*sealed->key, ports_.store.epoch()));
  }
  BM_CHECK(refresh());
  return std::move(sealed->batch);
}

Result<void> Hierarchy::finish_seal(const std::string& name) {
  BM_TRY(const auto ca, ports_.store.read_for<std::optional<CaRecord>>([&](Tx& tx) -> Result<std::optional<CaRecord>> {
    BM_TRY(const auto batch, tx.batch_named(name));
    return batch ? tx.ca(batch->manufacturing_ca) : Result<std::optional<CaRecord>>{};
  }));
  if (ca && ca->key_destroyed) {
    BM_CHECK(ports_.signer.destroy(ca->key, ports_.store.epoch()));
  }
  return refresh();
}

}  // namespace birthmark::app
