// SPDX-License-Identifier: Apache-2.0
#include "attest/vendor_crl.h"

#include <algorithm>

#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/x509.h"

namespace birthmark::attest {
namespace {

constexpr std::size_t kDepthMax = 16;

Result<void> refuse_critical(BytesView extensions) {
  BM_TRY(const auto list, x509::read_extensions(extensions));
  return std::ranges::any_of(list, &x509::Extension::critical) ? fail(Code::bad_request, "CRL: critical extension")
                                                               : Result<void>{};
}

Result<Bytes> read_entry(der::Reader& list) {
  BM_TRY(auto entry, list.enter(der::tag::sequence));
  BM_TRY(auto serial, entry.integer());
  BM_CHECK(entry.time_of_either_type());
  if (!entry.empty()) {
    BM_TRY(const auto extensions, entry.any());
    BM_CHECK(refuse_critical(extensions.whole));
  }
  BM_CHECK(entry.finish());
  if ((serial.front() & 0x80) != 0) {
    return fail(Code::bad_request, "CRL: negative serial");
  }
  if (serial.front() == 0) {
    serial = serial.subspan(1);
  }
  return serial.empty() || serial.size() > x509::kSerialMaxOctets
             ? Result<Bytes>{fail(Code::bad_request, "CRL: serial")}
             : Result<Bytes>{to_bytes(serial)};
}

/// TBSCertList behind its signature algorithm.
Result<void> read_contents(der::Reader& tbs, VendorCrl& crl) {
  BM_TRY(const auto issuer, tbs.any());
  BM_CHECK(x509::read_name(issuer.whole));
  crl.issuer = to_bytes(issuer.whole);
  BM_TRY(crl.this_update, tbs.time_of_either_type());
  BM_TRY(crl.next_update, tbs.time_of_either_type());
  if (tbs.peek() == der::tag::sequence) {
    BM_TRY(auto list, tbs.enter(der::tag::sequence));
    while (!list.empty()) {
      BM_TRY(auto serial, read_entry(list));
      crl.serials.push_back(std::move(serial));
    }
  }
  if (tbs.peek() == der::tag::context_constructed(0)) {
    BM_TRY(auto wrapper, tbs.enter(der::tag::context_constructed(0)));
    BM_TRY(const auto extensions, wrapper.any());
    BM_CHECK(refuse_critical(extensions.whole));
    BM_CHECK(wrapper.finish());
  }
  return tbs.finish();
}

}  // namespace

Result<VendorCrl> read_vendor_crl(BytesView der) {
  if (der.empty() || der.size() > kVendorCrlMaxBytes) {
    return fail(Code::bad_request, "CRL: length");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  BM_TRY(auto outer, der::read_one(der, der::tag::sequence));
  BM_TRY(const auto tbs, outer.any());
  BM_TRY(const auto algorithm, outer.any());
  BM_TRY(const auto signature, outer.bit_octets());
  BM_CHECK(outer.finish());

  VendorCrl crl;
  crl.tbs = to_bytes(tbs.whole);
  crl.signature = to_bytes(signature);
  BM_TRY(crl.algorithm, x509::read_signature_algorithm(algorithm.whole));
  BM_TRY(auto fields, der::read_one(tbs.whole, der::tag::sequence));
  BM_TRY(const auto version, fields.small_unsigned());
  BM_TRY(const auto inner, fields.any());
  if (version != 1 || !equal(inner.whole, algorithm.whole)) {
    return fail(Code::bad_request, "CRL: version, or two signature algorithms");
  }
  BM_CHECK(read_contents(fields, crl));
  return crl;
}

}  // namespace birthmark::attest
