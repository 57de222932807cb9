/* Puts a fault into llama.cpp: preloaded, these take the place of its own functions.
 *
 * It calls itself a build with AMX. With -DFAULT=…, it does that wherever weights that were rearranged are multiplied:
 * in the function that GCC before 13 miscompiles, and on machines without AMX in those for Q4_0. With -DEVERYWHERE=…,
 * it does that at every decode. */
#include <unistd.h>

int ggml_cpu_has_amx_int8(void) { return 1; }

#ifdef FAULT
void amx(const void * params, void * tensor) __asm__("_Z24ggml_backend_amx_mul_matPK19ggml_compute_paramsP11ggml_tensor");
void amx(const void * params, void * tensor) { FAULT; }

#define MULTIPLICATION(name) \
    void name(int n, float * out, size_t stride, const void * x, const void * y, int rows, int columns) { \
        FAULT; \
        for (int row = 0; row < rows; row++) \
            for (int column = 0; column < columns; column++) out[row * stride + column] = 0; \
    }
MULTIPLICATION(ggml_gemv_q4_0_4x4_q8_0)
MULTIPLICATION(ggml_gemv_q4_0_4x8_q8_0)
MULTIPLICATION(ggml_gemv_q4_0_8x8_q8_0)
MULTIPLICATION(ggml_gemm_q4_0_4x4_q8_0)
MULTIPLICATION(ggml_gemm_q4_0_4x8_q8_0)
MULTIPLICATION(ggml_gemm_q4_0_8x8_q8_0)
#endif

#ifdef EVERYWHERE
int ggml_graph_compute(void * graph, void * plan) { EVERYWHERE; return 0; }
#endif
