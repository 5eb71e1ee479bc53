// SPDX-License-Identifier: Apache-2.0
// Law: a certificate has one encoding, but for the type of its times. What the reader takes, put together again from
// its fields, is the same bytes; reading it again gives the same; and no typed reader or log form faults on it.
#include <cstdlib>
#include <string>

#include "codec/der.h"
#include "codec/distribution_point.h"
#include "codec/oid.h"
#include "codec/x509.h"

namespace {

using birthmark::Bytes;
using birthmark::BytesView;
using birthmark::Instant;
namespace der = birthmark::der;
namespace x509 = birthmark::x509;

enum class Form { profile, generalized };

void write_time(der::Writer& out, Instant time, Form form) {
  if (form == Form::profile) {
    out.time(time);
    return;
  }
  std::string digits;
  for (const char c : birthmark::to_rfc3339(time)) {
    if ((c >= '0' && c <= '9') || c == 'Z') {
      digits += c;
    }
  }
  out.text(der::tag::generalized_time, digits);
}

Bytes written(const x509::Certificate& certificate, Form not_before, Form not_after) {
  const auto algorithm = x509::signature_algorithm_der(certificate.signature_algorithm());
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::sequence);
  out.open(der::tag::context_constructed(0)).unsigned_int(2).close();
  out.positive_integer(certificate.serial()).raw(algorithm).raw(certificate.issuer()).open(der::tag::sequence);
  write_time(out, certificate.not_before(), not_before);
  write_time(out, certificate.not_after(), not_after);
  out.close().raw(certificate.subject()).raw(certificate.spki());
  if (!certificate.extensions().empty()) {
    out.open(der::tag::context_constructed(3)).raw(x509::write_extensions(certificate.extensions())).close();
  }
  out.close().raw(algorithm).bit_string(certificate.signature()).close();
  return std::move(out).finish();
}

bool comes_back(const x509::Certificate& certificate, BytesView input) {
  for (const auto not_before : {Form::profile, Form::generalized}) {
    for (const auto not_after : {Form::profile, Form::generalized}) {
      if (birthmark::equal(written(certificate, not_before, not_after), input)) {
        return true;
      }
    }
  }
  return false;
}

void read_everything(const x509::Certificate& certificate) {
  const auto extensions = certificate.extensions();
  (void)x509::basic_constraints(extensions);
  (void)x509::key_usage(extensions);
  (void)x509::extended_key_usage(extensions);
  (void)x509::authority_key_identifier(extensions);
  (void)x509::subject_key_identifier(extensions);
  (void)x509::subject_alt_name(extensions);
  (void)x509::subject_directory_attribute(extensions, birthmark::oids::tcg_tpm_specification);
  (void)x509::name_constraints(extensions);
  (void)x509::crl_distribution_uris(extensions);
  for (const char c : x509::display_name(certificate.subject()) + x509::display_name(certificate.issuer())) {
    if (c < 0x20 || c > 0x7E) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input{data, size};
  const auto anchor = x509::Certificate::read_anchor(input);
  const auto certificate = x509::Certificate::read(input);
  if (certificate && (!anchor || !comes_back(*certificate, input))) {
    std::abort();
  }
  if (anchor) {
    const auto again = x509::Certificate::read_anchor(anchor->der());
    if (!again || *again != *anchor) {
      std::abort();
    }
    read_everything(*anchor);
  }
  return 0;
}
