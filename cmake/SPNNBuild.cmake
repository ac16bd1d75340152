# Compiler settings that every target shares, and spnn_add_library: one OBJECT library a room.

include(CheckCXXCompilerFlag)

set(SPNN_COMPILE_OPTIONS -Wall -Wextra -Wno-unused-parameter -fno-strict-aliasing)
if(SPNN_WERROR)
  list(APPEND SPNN_COMPILE_OPTIONS -Werror)
endif()
if(SPNN_SANITIZE)
  # vptr needs the type information of every base class; Debian's MLIR is built without the sanitizer.
  add_compile_options(-fsanitize=${SPNN_SANITIZE} -fno-sanitize=vptr,function -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SPNN_SANITIZE} -fno-sanitize=vptr,function)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-UNDEBUG)
endif()

find_program(SPNN_CCACHE ccache)
if(SPNN_CCACHE)
  # The same sources in another checkout hit the same cache entries; precompiled headers need the sloppiness.
  set(SPNN_CCACHE_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${SPNN_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${SPNN_CCACHE_LAUNCHER})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SPNN_CCACHE_LAUNCHER})
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=lld)
  # A precompiled header without time stamps is the same file each time, which ccache needs.
  set(SPNN_PCH_OPTIONS -Xclang -fno-pch-timestamp)
endif()

# spnn_add_library(NAME [MLIR] SOURCES... [DEPENDS target...] [LINK lib...])
# An OBJECT library of one room. MLIR: its sources see MLIR's headers (as system headers) and share the
# project's precompiled header.
function(spnn_add_library name)
  cmake_parse_arguments(ARG "MLIR;EXCEPTIONS" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(${name} OBJECT ${ARG_SOURCES})
  spnn_compile_settings(${name} ${ARG_MLIR})
  if(ARG_MLIR)
    target_compile_options(${name} PRIVATE -fno-exceptions ${SPNN_PCH_OPTIONS})
    if(NOT name STREQUAL "SPNNIR")
      target_precompile_headers(${name} REUSE_FROM SPNNIR)
    endif()
    add_dependencies(${name} spnn-headers)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(ARG_LINK)
    target_link_libraries(${name} PUBLIC ${ARG_LINK})
  endif()
endfunction()

function(spnn_compile_settings name mlir)
  target_compile_options(${name} PRIVATE ${SPNN_COMPILE_OPTIONS})
  if(mlir)
    target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  endif()
endfunction()
