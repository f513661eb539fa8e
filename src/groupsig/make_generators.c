/* Build tool: writes the constants of the scheme, Q and U (RFC 9380), as C. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <blst.h>

static const char DST[] = "GALEN-CPY06-G1-V1-GENERATORS_BLS12381G1_XMD:SHA-256_SSWU_RO_";

static void print_fp(const blst_fp *fp)
{
    uint64_t limbs[6];
    memcpy(limbs, fp, sizeof limbs);
    printf("{{");
    for (size_t i = 0; i < 6; i++)
        printf("0x%016llx%s", (unsigned long long)limbs[i], i < 5 ? ", " : "}}");
}

static void print_point(const char *name, const char *message)
{
    blst_p1 point;
    blst_p1_affine affine;
    blst_hash_to_g1(&point, (const uint8_t *)message, 1, (const uint8_t *)DST, sizeof DST - 1, NULL,
                    0);
    blst_p1_to_affine(&affine, &point);
    printf("const blst_p1_affine %s = {", name);
    print_fp(&affine.x);
    printf(", ");
    print_fp(&affine.y);
    printf("};\n");
}

int main(void)
{
    printf("/* Made by make_generators.c. */\n#include \"groupsig/internal.h\"\n\n");
    print_point("GS_Q", "Q");
    print_point("GS_U", "U");
    return fflush(stdout) == 0 ? 0 : 1;
}
