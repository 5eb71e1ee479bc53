// SPDX-License-Identifier: Apache-2.0
#include "daemon/server_certificate.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "app/service_credentials.h"
#include "codec/x509.h"

namespace birthmark::daemon {
namespace {

constexpr const char* kActor = "server:certificate";
constexpr const char* kName = "server";

std::optional<Octets<4>> ipv4(const std::string& text) {
  Octets<4> out{};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [next, error] = std::from_chars(at, end, out[i]);
    const bool last = i + 1 == out.size();
    if (error != std::errc{} || (last ? next != end : next == end || *next != '.')) {
      return std::nullopt;
    }
    at = last ? next : next + 1;
  }
  return out;
}

app::ServiceOrder order_for(const Config& config) {
  app::ServiceOrder order{.profile = pki::ProfileId::server,
                          .common_name = config.server_names.front(),
                          .spki = {},
                          .dns_names = {},
                          .ip_addresses = {{127, 0, 0, 1}},
                          .actor = kActor};
  for (const auto& name : config.server_names) {
    if (const auto address = ipv4(name)) {
      order.ip_addresses.push_back(*address);
    } else {
      order.dns_names.push_back(name);
    }
  }
  return order;
}

using Names = std::set<std::pair<x509::GeneralNameKind, Bytes>>;

Names wanted_names(const app::ServiceOrder& order) {
  Names out;
  for (const auto& name : order.dns_names) {
    out.emplace(x509::GeneralNameKind::dns, to_bytes(as_bytes(name)));
  }
  for (const auto& address : order.ip_addresses) {
    out.emplace(x509::GeneralNameKind::ip, to_bytes(address));
  }
  return out;
}

Names names_in(const x509::Certificate& certificate) {
  Names out;
  if (const auto names = x509::subject_alt_name(certificate.extensions()); names && *names) {
    for (const auto& name : **names) {
      out.emplace(name.kind, to_bytes(name.value));
    }
  }
  return out;
}

bool in_last_third(const x509::Certificate& certificate, Instant now) {
  const auto life = certificate.not_after() - certificate.not_before();
  return now >= certificate.not_after() - life / 3;
}

/// The certificate of the present identity, if it may stay as far as the files tell.
/// @error storage: they cannot be read; that is no reason to make others
Result<std::optional<x509::Certificate>> present(const std::filesystem::path& tls, const Secret& passphrase,
                                                 const app::ServiceOrder& order, const ServerCertificatePorts& ports) {
  using Found = std::optional<x509::Certificate>;
  const auto identity = read_identity(ports.files, tls, kName, passphrase);
  if (!identity) {
    return info(identity.error().code).errc == Errc::unavailable ? Result<Found>{fail(identity.error())} : Found{};
  }
  auto certificate = x509::Certificate::read(identity->chain.front());
  const bool stays = certificate && equal(certificate->spki(), identity->key.public_key().spki()) &&
                     names_in(*certificate) == wanted_names(order) && !in_last_third(*certificate, ports.clock.now());
  return stays ? Found{std::move(*certificate)} : Found{};
}

Result<bool> is_good(const x509::Certificate& certificate, app::Store& store) {
  return store.read_for<bool>([&](app::Tx& tx) -> Result<bool> {
    BM_TRY(const auto all, app::server_certificates(tx));
    return std::ranges::any_of(all, [&](const app::CertificateRecord& record) {
      return record.standing == lifecycle::Standing::live && equal(app::certificate_of(record), certificate.der());
    });
  });
}

/// One that another start was cut off behind among them.
Result<void> end_others(BytesView kept, const ServerCertificatePorts& ports) {
  const auto others = [&](app::Tx& tx) -> Result<std::vector<app::CertificateRecord>> {
    BM_TRY(auto all, app::server_certificates(tx));
    std::erase_if(all, [&](const app::CertificateRecord& record) {
      return record.standing == lifecycle::Standing::ended || equal(app::certificate_of(record), kept);
    });
    return all;
  };
  BM_TRY(const auto seen, ports.store.read_for<std::vector<app::CertificateRecord>>(others));
  if (seen.empty()) {
    return {};
  }
  return ports.store.write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(auto left, others(tx));
    for (auto& record : left) {
      BM_CHECK(app::end_certificate(tx, record, "replaced certificate of the server",
                                    {ports.clock.now(), ports.store.epoch(), kActor}));
    }
    return {};
  });
}

}  // namespace

Result<ServerCertificate> ensure_server_certificate(const Config& config, const std::filesystem::path& tls,
                                                    const Secret& passphrase, const ServerCertificatePorts& ports) {
  const auto order = order_for(config);
  BM_TRY(const auto there, present(tls, passphrase, order, ports));
  BM_TRY(const bool good, there ? is_good(*there, ports.store) : Result<bool>{false});
  if (good) {
    BM_CHECK(end_others(there->der(), ports));
    return ServerCertificate::kept;
  }
  BM_TRY(const auto made, make_identity(ports.files, tls, kName, passphrase, ports.hierarchy, order));
  BM_CHECK(end_others(made, ports));
  return ServerCertificate::made;
}

bool EndNotice::is_due(Instant now, Ticks ticks) {
  if (now + kFrom < until_ || (said_ && ticks - *said_ < kEvery)) {
    return false;
  }
  said_ = ticks;
  return true;
}

}  // namespace birthmark::daemon
