# SPDX-License-Identifier: Apache-2.0
# Compiler settings, and the functions that the folders declare themselves with:
#   birthmark_library(<folder> SOURCES ... DEPS <folders> LIBS <external>)  one library a folder
#   birthmark_program(<name> SOURCES ... DEPS ...)                         build/<preset>/bin/<name>
#   birthmark_test(<name> SOURCES ... DEPS ... [LABELS ...])               one ctest entry a binary
#   birthmark_fuzz(<name> DEPS ...)                                        fuzz/<name>.cc

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(BIRTHMARK_TESTS "build the tests" ON)
option(BIRTHMARK_BENCH "build the benchmarks" OFF)
option(BIRTHMARK_FUZZ "build fuzz targets with libFuzzer (clang)" OFF)
set(BIRTHMARK_FUZZ_SECONDS 10 CACHE STRING "how long ctest runs each libFuzzer binary")
set(BIRTHMARK_SANITIZE "" CACHE STRING "value for -fsanitize=")

find_program(CCACHE ccache)
if(CCACHE)
  # Paths below the checkout do not count: what one checkout or preset has compiled serves the others.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json system)
find_package(SQLite3 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
pkg_check_modules(TSS2 IMPORTED_TARGET tss2-esys tss2-tctildr tss2-mu tss2-rc)
pkg_check_modules(P11KIT IMPORTED_TARGET p11-kit-1)

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
                    -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these wrongly inside its own library with -O2.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(BIRTHMARK_SANITIZE)
  add_compile_options(-fsanitize=${BIRTHMARK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BIRTHMARK_SANITIZE})
  if(BIRTHMARK_SANITIZE STREQUAL "thread")
    # Asio's fences, which this sanitizer does not know; what they order is under Asio's own locks as well.
    add_compile_options(-Wno-tsan)
  endif()
endif()
if(BIRTHMARK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(birthmark_library folder)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  add_library(birthmark_${name} STATIC ${ARG_SOURCES})
  target_include_directories(birthmark_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep_name ${dep})
    target_link_libraries(birthmark_${name} PUBLIC birthmark_${dep_name})
  endforeach()
  target_link_libraries(birthmark_${name} PUBLIC ${ARG_LIBS})
endfunction()

function(birthmark_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep_name ${dep})
    target_link_libraries(${name} PRIVATE birthmark_${dep_name})
  endforeach()
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
endfunction()

function(birthmark_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep_name ${dep})
    target_link_libraries(${name} PRIVATE birthmark_${dep_name})
  endforeach()
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE GTest::gtest_main GTest::gtest ${ARG_LIBS})
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS "${ARG_LABELS}")
endfunction()

# With BIRTHMARK_FUZZ a libFuzzer binary, which ctest runs for BIRTHMARK_FUZZ_SECONDS; otherwise the same law over the
# seed corpus, as a test. What the fuzzer learns stays in the build folder.
function(birthmark_fuzz name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  if(BIRTHMARK_FUZZ)
    add_executable(fuzz_${name} ${name}.cc)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/corpus/${name} ${CMAKE_BINARY_DIR}/found)
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} -max_total_time=${BIRTHMARK_FUZZ_SECONDS} -timeout=10
             -rss_limit_mb=2048 -artifact_prefix=${CMAKE_BINARY_DIR}/found/${name}-
             ${CMAKE_BINARY_DIR}/corpus/${name} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz)
  else()
    add_executable(fuzz_${name} ${name}.cc replay_main.cc)
    add_test(NAME fuzz_${name}_corpus COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz_${name}_corpus PROPERTIES LABELS fuzz)
  endif()
  foreach(dep ${ARG_DEPS})
    string(REPLACE "/" "_" dep_name ${dep})
    target_link_libraries(fuzz_${name} PRIVATE birthmark_${dep_name})
  endforeach()
endfunction()
