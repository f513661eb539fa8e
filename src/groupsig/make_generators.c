/*
 * Build tool: writes the constants of the scheme as C. Q and U are hashed to the curve (RFC 9380);
 * the rest is computed from them and from blst's generators.
 */
#include "groupsig/comb.h"
#include "groupsig/multiples.h"

#include <stdio.h>
#include <string.h>

static const char DST[] = "GALEN-CPY06-G1-V1-GENERATORS_BLS12381G1_XMD:SHA-256_SSWU_RO_";

static void print_fps(const blst_fp *fps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t limbs[6];
        memcpy(limbs, &fps[i], sizeof limbs);
        printf("%s{{", i > 0 ? ", " : "");
        for (size_t j = 0; j < 6; j++)
            printf("0x%016llx%s", (unsigned long long)limbs[j], j < 5 ? ", " : "}}");
    }
}

static void print_point(const blst_p1_affine *point)
{
    printf("{");
    print_fps(&point->x, 1);
    printf(", ");
    print_fps(&point->y, 1);
    printf("}");
}

static void print_comb(const char *name, const blst_p1_affine *point)
{
    static struct groupsig_comb comb;
    gs_comb_build(&comb, point);
    printf("const struct groupsig_comb %s = {{", name);
    for (size_t row = 0; row < GROUPSIG_COMB_ROWS; row++) {
        printf("%s{", row > 0 ? ", " : "");
        for (size_t i = 0; i < GROUPSIG_COMB_ENTRIES; i++) {
            printf("%s\n", i > 0 ? "," : "");
            print_point(&comb.row[row][i]);
        }
        printf("}");
    }
    printf("}};\n");
}

static void print_multiples(const char *name, const blst_p1_affine *point, const blst_fp *beta)
{
    static struct groupsig_multiples multiples;
    gs_fixed_multiples_build_vt(&multiples, point, beta);
    printf("const struct groupsig_multiples %s = {{", name);
    for (size_t i = 0; i < GROUPSIG_MULTIPLES_ODD; i++) {
        printf("%s\n", i > 0 ? "," : "");
        print_point(&multiples.odd[i]);
    }
    printf("}, {");
    print_fps(multiples.beta_x, GROUPSIG_MULTIPLES_ODD);
    printf("}};\n");
}

static void print_h_lines(void)
{
    static blst_fp6 lines[68];
    blst_precompute_lines(lines, &BLS12_381_G2);
    printf("const blst_fp6 GS_H_LINES[68] = {");
    for (size_t i = 0; i < 68; i++) {
        printf("%s\n{{", i > 0 ? "," : "");
        for (size_t j = 0; j < 3; j++) {
            printf("%s{{", j > 0 ? ", " : "");
            print_fps(lines[i].fp2[j].fp, 2);
            printf("}}");
        }
        printf("}}");
    }
    printf("};\n");
}

static void print_base(const char *name, const char *message, const blst_fp *beta)
{
    blst_p1 point;
    blst_p1_affine affine = BLS12_381_G1;
    char label[32];
    if (message) {
        blst_hash_to_g1(&point, (const uint8_t *)message, 1, (const uint8_t *)DST, sizeof DST - 1,
                        NULL, 0);
        blst_p1_to_affine(&affine, &point);
        printf("const blst_p1_affine GS_%s = ", name);
        print_point(&affine);
        printf(";\n");
    }
    snprintf(label, sizeof label, "GS_%s_COMB", name);
    print_comb(label, &affine);
    snprintf(label, sizeof label, "GS_%s_MULTIPLES", name);
    print_multiples(label, &affine, beta);
}

/* beta = x(z^2 G) / x(G) */
static void find_beta(blst_fp *beta)
{
    static const uint64_t z_squared[4] = {0x0000000100000000, 0xac45a4010001a402};
    blst_scalar k;
    blst_p1 product;
    blst_p1_affine affine;
    blst_fp inverse;
    blst_scalar_from_uint64(&k, z_squared);
    blst_p1_mult(&product, blst_p1_generator(), k.b, 128);
    blst_p1_to_affine(&affine, &product);
    blst_fp_inverse(&inverse, &BLS12_381_G1.x);
    blst_fp_mul(beta, &affine.x, &inverse);
}

int main(void)
{
    blst_fp beta;
    find_beta(&beta);
    printf("/* Made by make_generators.c. */\n#include \"groupsig/internal.h\"\n\n");
    printf("const blst_fp GS_BETA = ");
    print_fps(&beta, 1);
    printf(";\n");
    print_base("G", NULL, &beta);
    print_base("Q", "Q", &beta);
    print_base("U", "U", &beta);
    print_h_lines();
    return fflush(stdout) == 0 ? 0 : 1;
}
