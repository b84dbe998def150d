/* A PKCS #11 module in front of SoftHSM, with two faults that SoftHSM does not have: the user PIN is locked after three
   wrong ones, and while the file VANISH is there, the module goes away in the middle of the next signature. */
#include <dlfcn.h>
#include <unistd.h>

typedef unsigned long number;
typedef number finalize_function(void *reserved);
typedef number init_pin_function(number session, unsigned char *pin, number len);
typedef number login_function(number session, number user, unsigned char *pin, number len);
typedef number sign_function(number session, unsigned char *data, number len, unsigned char *out, number *out_len);

/* CK_FUNCTION_LIST of PKCS #11 2.40. */
struct list {
    unsigned char version[2];
    void *functions[68];
};

enum { FINALIZE = 1, INIT_PIN = 10, LOGIN = 18, SIGN = 43, USER = 1, MOST_WRONG = 3 };
enum { GENERAL_ERROR = 0x05, DEVICE_REMOVED = 0x32, PIN_INCORRECT = 0xa0, PIN_LOCKED = 0xa4 };

static struct list *softhsm;
static struct list ours;
static number wrong;

static number login(number session, number user, unsigned char *pin, number len) {
    if (user == USER && wrong >= MOST_WRONG) return PIN_LOCKED;
    number result = ((login_function *)softhsm->functions[LOGIN])(session, user, pin, len);
    if (user == USER && result == PIN_INCORRECT) wrong++;
    if (user == USER && result == 0) wrong = 0;
    return result;
}

/* The security officer sets a PIN, which unlocks it. */
static number init_pin(number session, unsigned char *pin, number len) {
    number result = ((init_pin_function *)softhsm->functions[INIT_PIN])(session, pin, len);
    if (result == 0) wrong = 0;
    return result;
}

static number sign(number session, unsigned char *data, number len, unsigned char *out, number *out_len) {
    if (unlink(VANISH) == 0) {
        ((finalize_function *)softhsm->functions[FINALIZE])(0);
        return DEVICE_REMOVED;
    }
    return ((sign_function *)softhsm->functions[SIGN])(session, data, len, out, out_len);
}

number C_GetFunctionList(struct list **list) {
    void *module = dlopen(MODULE, RTLD_NOW);
    number (*get)(struct list **) = module ? dlsym(module, "C_GetFunctionList") : 0;
    if (!get || get(&softhsm) != 0) return GENERAL_ERROR;
    ours = *softhsm;
    ours.functions[LOGIN] = login;
    ours.functions[INIT_PIN] = init_pin;
    ours.functions[SIGN] = sign;
    *list = &ours;
    return 0;
}
