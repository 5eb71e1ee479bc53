// SPDX-License-Identifier: Apache-2.0
#include "agent/field/renewal.h"

#include <algorithm>
#include <array>

#include "agent/device/certificates.h"
#include "agent/device/root_keys.h"
#include "pki/receipt.h"

namespace birthmark::agent {
namespace {

/// Whether the root holds this key and the certificate is for it; an absent key is no error.
Result<bool> holds(HardwareRoot& root, DeviceKey key, const Credential& credential) {
  const auto half = root.public_key(key);
  if (!half) {
    return half.error().code == Code::not_found ? Result<bool>{false} : fail(half.error());
  }
  const auto certificate = x509::Certificate::read(credential.certificate);
  return certificate && equal(certificate->spki(), half->spki());
}

/// Whether leaf and chain lead to one of the anchors.
Result<void> check_path(const Credential& credential, std::span<const Bytes> anchors) {
  std::vector<Bytes> path{credential.certificate};
  path.insert(path.end(), credential.chain.begin(), credential.chain.end());
  if (std::ranges::find(anchors, path.back()) != anchors.end()) {
    BM_TRY(const auto whole, read_certificates(path));
    return check_issued_in_order(whole);
  }
  Result<void> last = fail(Code::bad_request, "no operational root is installed");
  for (const auto& anchor : anchors) {
    path.push_back(anchor);
    BM_TRY(const auto whole, read_certificates(path));
    last = check_issued_in_order(whole);
    if (last) {
      return {};
    }
    path.pop_back();
  }
  return last;
}

}  // namespace

Result<void> settle(HardwareRoot& root, DeviceState& state) {
  if (const auto& staged = state.staged()) {
    BM_TRY(const bool adopted, holds(root, DeviceKey::operational, *staged));
    BM_TRY(const bool waits, holds(root, DeviceKey::pending, *staged));
    if (!adopted && waits) {
      BM_CHECK(root.adopt_pending_key());
    }
    BM_CHECK(adopted || waits ? state.promote() : state.unstage());
  }
  if (const auto& operational = state.operational()) {
    BM_TRY(const bool ours, holds(root, DeviceKey::operational, *operational));
    return ours ? Result<void>{} : state.drop_credentials();
  }
  return {};
}

Result<void> ensure_pending_key(HardwareRoot& root) {
  const auto present = root.public_key(DeviceKey::pending);
  if (present) {
    return {};
  }
  return present.error().code == Code::not_found || present.error().code == Code::storage
             ? root.make_pending_key()
             : Result<void>{fail(present.error())};
}

std::vector<Bytes> path_above(const x509::Certificate& leaf, std::span<const x509::Certificate> among) {
  std::vector<Bytes> path;
  const auto* last = &leaf;
  while (path.size() < link::kChainMax && !equal(last->issuer(), last->subject())) {
    const auto above = std::ranges::find_if(among, [&](const auto& candidate) {
      return check_issued_in_order(std::array{*last, candidate}).has_value();
    });
    if (above == among.end()) {
      break;
    }
    path.push_back(to_bytes(above->der()));
    last = &*above;
  }
  return path;
}

Result<x509::Certificate> adopt(HardwareRoot& root, DeviceState& state, Credential next, Instant now) {
  BM_TRY(const auto certificate, x509::Certificate::read(next.certificate));
  BM_TRY(const auto key, root.public_key(DeviceKey::pending));
  if (!equal(certificate.spki(), key.spki())) {
    return fail(Code::bad_request, "the certificate is for another key");
  }
  BM_TRY(const auto constraints, x509::basic_constraints(certificate.extensions()));
  if (constraints && constraints->is_ca) {
    return fail(Code::bad_request, "the certificate is a CA's");
  }
  if (now > certificate.not_after()) {
    return fail(Code::bad_request, "the certificate has ended");
  }
  BM_CHECK(without_value(pki::take_receipt(certificate.tbs())));
  BM_CHECK(check_path(next, state.birth()->operational_roots));
  BM_CHECK(state.stage(std::move(next)));
  BM_CHECK(root.adopt_pending_key());
  BM_CHECK(state.promote());
  return certificate;
}

Instant renewal_due(const x509::Certificate& certificate) {
  return certificate.not_before() + (certificate.not_after() - certificate.not_before()) * 2 / 3;
}

}  // namespace birthmark::agent
