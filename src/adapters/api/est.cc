// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/est.h"

#include <algorithm>
#include <iterator>

#include "codec/base64.h"
#include "codec/cms.h"
#include "codec/der.h"
#include "codec/oid.h"

namespace birthmark::api::est {
namespace {

constexpr std::size_t kCsrMax = 16 * 1024;
constexpr std::size_t kLibestLine = 64;
constexpr std::size_t kIssuersMax = 8;  // with the roots they fit into one bundle

/// One base64 line and a line feed; only libest wants lines of 64 (docs/conformance.md).
std::string transfer_encode(BytesView der, const http::Request& request) {
  auto text = base64::encode(der);
  const auto agent = request.header("User-Agent");
  if (agent && agent->starts_with("libest")) {
    for (std::size_t at = kLibestLine; at < text.size(); at += kLibestLine + 1) {
      text.insert(at, "\n");
    }
  }
  return text + "\n";
}

http::Response answer(std::string_view content_type, BytesView der, const http::Request& request) {
  return {.status = 200,
          .headers = {{"Content-Type", std::string{content_type}}, {"Content-Transfer-Encoding", "base64"}},
          .body = transfer_encode(der, request),
          .close = false};
}

app::EstRequest request_of(Call& call, Bytes csr) {
  const auto& who = *call.caller;
  app::EstRequest out;
  out.certificate = who.certificate;
  out.ca = who.ca;
  out.index = who.index;
  out.presented_subject = who.subject;
  out.presented_alt_name = who.alt_name;
  out.csr = std::move(csr);
  out.channel_binding = call.request.peer->channel_binding;
  return out;
}

Result<http::Response> enroll(Call& call, Result<app::Issued> (app::Enrollment::*operation)(const app::EstRequest&)) {
  BM_TRY(auto csr, base64::decode_lax_whitespace(as_text(call.request.body), kCsrMax));
  BM_TRY(const auto issued, (call.services.enrollment.*operation)(request_of(call, std::move(csr))));
  const std::array certificates{issued.certificate};
  BM_TRY(const auto bundle, cms::certs_only(certificates));
  return answer("application/pkcs7-mime; smime-type=certs-only", bundle, call.request);
}

/// The batch of the device whose certificate the caller shows; nothing for anybody else.
Result<std::optional<BatchId>> batch_of(Call& call) {
  if (!call.caller || !pki::profile(call.caller->profile).device) {
    return std::optional<BatchId>{};
  }
  return call.services.store.read_for<std::optional<BatchId>>([&](app::Tx& tx) -> Result<std::optional<BatchId>> {
    BM_TRY(const auto certificate, tx.certificate(call.caller->ca, call.caller->index));
    if (!certificate) {
      return std::optional<BatchId>{};
    }
    BM_TRY(const auto device, tx.device(certificate->device));
    return device ? std::optional{device->batch} : std::nullopt;
  });
}

/// The operational CAs that issue for a batch, or for any, the newest first: a client needs them to judge what it is
/// issued, for that answer holds the certificate alone.
std::vector<Bytes> issuers_for(const app::CaDirectory& directory, const std::optional<BatchId>& batch) {
  std::vector<const app::CaRecord*> records;
  for (const auto& ca : directory.all()) {
    if (ca.record.profile == pki::ProfileId::operational_ca && ca.record.state == app::CaState::active &&
        (!batch || ca.record.batch == batch)) {
      records.push_back(&ca.record);
    }
  }
  std::ranges::sort(records, std::ranges::greater{}, &app::CaRecord::id);
  records.resize(std::min(records.size(), kIssuersMax));
  std::vector<Bytes> out;
  std::ranges::transform(records, std::back_inserter(out), &app::CaRecord::certificate);
  return out;
}

}  // namespace

Result<app::Caller> caller(Call& call, lifecycle::CredentialKind kind) {
  return call.services.enrollment.caller(request_of(call, {}), kind);
}

Result<http::Response> cacerts(Call& call) {
  std::vector<Bytes> anchors;
  const auto directory = call.services.cas.get();
  for (const auto& ca : directory->all()) {
    const auto profile = ca.record.profile;
    if (profile == pki::ProfileId::operational_root || profile == pki::ProfileId::service_root) {
      anchors.push_back(ca.record.certificate);
    }
  }
  BM_TRY(const auto batch, batch_of(call));
  std::ranges::move(issuers_for(*directory, batch), std::back_inserter(anchors));
  BM_TRY(const auto bundle, cms::certs_only(anchors));
  return answer("application/pkcs7-mime", bundle, call.request);
}

/// The legacy list of RFC 7030 §4.5.2: challengePassword, the curve, the signature.
Result<http::Response> csrattrs(Call& call) {
  der::Writer out;
  out.open(der::tag::sequence).oid(oids::challenge_password);
  out.open(der::tag::sequence).oid(oids::ec_public_key).open(der::tag::set).oid(oids::secp256r1).close().close();
  out.oid(oids::ecdsa_with_sha256).close();
  return answer("application/csrattrs", std::move(out).finish(), call.request);
}

Result<http::Response> simpleenroll(Call& call) {
  return enroll(call, &app::Enrollment::enroll);
}
Result<http::Response> simplereenroll(Call& call) {
  return enroll(call, &app::Enrollment::reenroll);
}

}  // namespace birthmark::api::est
