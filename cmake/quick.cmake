# For building llama-cpp-python: leaves out what thinkcap does not load, and what GCC miscompiles.
# CMAKE_ARGS="-DCMAKE_PROJECT_llama.cpp_INCLUDE='$PWD/cmake/quick.cmake'" pip install llama-cpp-python
# CMake reads this file right after llama.cpp's own project().

set(LLAMA_BUILD_COMMON OFF)                                 # only llama.cpp's tools use it
set(LLAVA_BUILD OFF CACHE BOOL "Build mtmd (images)" FORCE)

# GCC before 13 drops most of llama.cpp's tile configuration, because its AMX intrinsic says that it reads 8 bytes:
# the program dies at its first decode. GCC before 11 knows no AMX and no such options.
function(leave_out_amx)
  if(TARGET ggml-cpu AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU"
     AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 11 AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(ggml-cpu PRIVATE -mno-amx-tile -mno-amx-int8 -mno-amx-bf16)
  endif()
endfunction()
cmake_language(DEFER CALL leave_out_amx)
