// SPDX-License-Identifier: Apache-2.0
// What judging evidence costs beside the cryptography that it cannot do without.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "crypto/ecdsa_signature.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/verify_table.h"
#include "evp.h"
#include "measure.h"
#include "must.h"
#include "shown.h"

namespace birthmark::bench {
namespace {

constexpr std::size_t kDevices = 1024;  // none verifies so often in a run that its key gets a table
constexpr double kSecondsEach = 4;

/// Our own arithmetic, the tables of keys that verify over and over included: nothing is read, checked or allocated.
class OwnFloor {
 public:
  explicit OwnFloor(const ShownKind& kind) {
    for (const auto& device : kind.devices) {
      for (const auto& one : device.by_known) {
        auto& table = tables_[one.point];
        table = table ? std::move(table) : crypto::VerifyTable::make(one.point);
      }
      for (const auto* const list : {&device.by_device, &device.by_known}) {
        for (const auto& one : *list) {
          const auto at = tables_.find(one.point);
          work_.push_back({&one, at == tables_.end() ? nullptr : at->second.get(),
                           must(crypto::read_ecdsa_signature(crypto::KeyType::p256, one.signature))});
        }
      }
    }
    each_ = work_.size() / kind.devices.size();
  }

  void run(const Shown& device, std::size_t place) const {
    for (std::size_t i = place * each_; i < (place + 1) * each_; ++i) {
      const auto& [one, table, numbers] = work_[i];
      check(crypto::verify_p256(one->point, table, crypto::sha256(one->message), numbers), "signature");
    }
    for (const auto& point : device.points) {
      check(crypto::is_p256_point(point), "point");
    }
    for (const auto& bytes : device.hashed) {
      keep(crypto::sha256(bytes));
    }
  }

 private:
  struct Work {
    const Signed* what;
    const crypto::VerifyTable* table;
    crypto::EcdsaSignature numbers;
  };
  std::map<Bytes, std::unique_ptr<const crypto::VerifyTable>> tables_;
  std::vector<Work> work_;  ///< device by device, as many for each
  std::size_t each_ = 0;
};

/// OpenSSL's EVP on keys and contexts that are made once; the point of a device's key is loaded for each signature.
class LibraryFloor {
 public:
  explicit LibraryFloor(const ShownKind& kind) {
    for (const auto& one : kind.devices.front().by_known) {
      known_.emplace_back().load(one.point);
    }
  }

  void run(const Shown& device) {
    for (const auto& one : device.by_device) {
      stranger_.load(one.point);
      stranger_.verify(hash_(one.message), one.signature);
    }
    for (std::size_t i = 0; i < known_.size(); ++i) {
      known_[i].verify(hash_(device.by_known[i].message), device.by_known[i].signature);
    }
    for (const auto& point : device.points) {
      stranger_.load(point);
    }
    for (const auto& bytes : device.hashed) {
      keep(hash_(bytes));
    }
  }

 private:
  Hasher hash_;
  Verifier stranger_;
  std::vector<Verifier> known_;
};

void measure(const ShownKind& kind) {
  std::size_t ours = 0, theirs = 0;
  const auto turn = [&](std::size_t& next) { return next++ % kind.devices.size(); };
  const Operation product{[&] { kind.appraise(kind.devices[turn(ours)]); }};
  const OwnFloor own{kind};
  LibraryFloor library{kind};
  const Operation bare{[&] {
    const auto place = turn(theirs);
    own.run(kind.devices[place], place);
  }};
  const Operation evp{[&] { library.run(kind.devices[turn(theirs)]); }};
  // Keys that are the same for all devices verify until they have their tables.
  for (unsigned i = 0; i <= crypto::TableWhenHot::kUses; ++i) {
    product.run();
  }
  const auto compared = compare(bare, product, {.total_seconds = kSecondsEach});
  const auto beside_evp = compare(evp, product, {.total_seconds = kSecondsEach / 4});
  char detail[240];
  std::snprintf(detail, sizeof(detail),
                "%s rounds; floor %.1f us, appraisal %.1f us of CPU; %zu signatures, %zu of them of known keys; over "
                "OpenSSL's calls %.3g",
                words(compared.ratio, compared.rounds).c_str(), compared.floor_us.median, compared.product_us.median,
                kind.devices.front().by_device.size() + kind.devices.front().by_known.size(),
                kind.devices.front().by_known.size(), beside_evp.ratio.median);
  report({"appraisal_" + kind.name + "_over_floor", compared.ratio.median, 0.8, "ratio", Better::higher, detail});
}

}  // namespace
}  // namespace birthmark::bench

/// @param argv names of kinds; none: all
int main(int argc, char** argv) {
  const std::vector<std::string> asked{argv + 1, argv + argc};
  for (const auto& kind : birthmark::bench::shown_kinds(birthmark::bench::kDevices)) {
    if (asked.empty() || std::ranges::find(asked, kind.name) != asked.end()) {
      birthmark::bench::measure(kind);
    }
  }
  return 0;
}
