# Writes the encrypted samples of this folder and the encrypted seeds of the fuzz targets, with python's hashlib and
# cryptography: `python3 make.py`.
import base64, hashlib, json, struct
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
PASS=b"correct horse"
B32="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
def rnd(label,n): return hashlib.shake_128(label.encode()).digest(n)
# Aegis
db=json.dumps({"version":3,"entries":[
 {"type":"totp","uuid":"1","name":"rossi","issuer":"Example","note":"","icon":None,"info":{"secret":B32,"algo":"SHA256","digits":8,"period":60}},
 {"type":"hotp","uuid":"2","name":"bianchi","issuer":"","info":{"secret":B32,"algo":"SHA1","digits":6,"counter":7}}]}).encode()
def split(ct): return ct[:-16], ct[-16:]
master=rnd("master",32)
def slot(n,r,p,label,pw,kind=1):
    salt=rnd(label,32); k=hashlib.scrypt(pw,salt=salt,n=n,r=r,p=p,maxmem=1<<28,dklen=32); nonce=rnd(label+"n",12)
    ct,tag=split(AESGCM(k).encrypt(nonce,master,None))
    return {"type":kind,"uuid":label,"key":ct.hex(),"key_params":{"nonce":nonce.hex(),"tag":tag.hex()},"n":n,"r":r,"p":p,"salt":salt.hex(),"repaired":True}
nonce=rnd("db",12); ct,tag=split(AESGCM(master).encrypt(nonce,db,None))
bio={"type":2,"uuid":"b","key":"00"*32,"key_params":{"nonce":"00"*12,"tag":"00"*16}}
v={"version":1,"header":{"slots":[bio,slot(1024,8,1,"other",b"another"),slot(1024,8,1,"pass",PASS)],"params":{"nonce":nonce.hex(),"tag":tag.hex()}},"db":base64.b64encode(ct).decode()}
open("aegis-encrypted.json","w").write(json.dumps(v,indent=1).replace("/","\\/")+"\n")
# 2FAS
services=json.dumps([{"name":"Example","secret":B32,"updatedAt":1,"otp":{"account":"rossi","issuer":"Example","digits":8,"period":60,"algorithm":"SHA256","tokenType":"TOTP","counter":0,"source":"Link"},"order":{"position":0}}]).encode()
salt=rnd("2fas",256); nonce=rnd("2fasn",12); k=hashlib.pbkdf2_hmac("sha256",PASS,salt,10000,32)
e=":".join(base64.b64encode(x).decode() for x in (AESGCM(k).encrypt(nonce,services,None),salt,nonce))
open("2fas-encrypted.json","w").write(json.dumps({"services":[],"groups":[],"updatedAt":1,"schemaVersion":4,"appVersionCode":50,"appOrigin":"android","servicesEncrypted":e,"reference":"x:y:z"})+"\n")
# andOTP
plain=json.dumps([{"secret":B32,"issuer":"Example","label":"rossi","digits":8,"type":"TOTP","algorithm":"SHA256","thumbnail":"Default","last_used":0,"used_frequency":0,"period":60,"tags":[]}]).encode()
it=1500; salt=rnd("andotp",12); nonce=rnd("andotpn",12); k=hashlib.pbkdf2_hmac("sha1",PASS,salt,it,32)
open("andotp.json.aes","wb").write(struct.pack(">I",it)+salt+nonce+AESGCM(k).encrypt(nonce,plain,None))
# Seeds of the fuzz targets: short, and as cheap as the limits of the targets.
SEEDS="../../../fuzz/seeds/import_"
compact=lambda value: json.dumps(value,separators=(",",":"))
db=compact({"version":3,"entries":[{"type":"totp","name":"rossi","issuer":"Example","info":{"secret":B32,"algo":"SHA1","digits":6,"period":30}}]}).encode()
nonce=rnd("db",12); ct,tag=split(AESGCM(master).encrypt(nonce,db,None))
v={"version":1,"header":{"slots":[slot(16,1,2,"p",PASS)],"params":{"nonce":nonce.hex(),"tag":tag.hex()}},"db":base64.b64encode(ct).decode()}
open(SEEDS+"aegis/encrypted","w").write(compact(v))
services=compact([{"name":"Example","secret":B32,"otp":{"account":"rossi","tokenType":"TOTP"}}]).encode()
salt=rnd("2fas",16); nonce=rnd("2fasn",12); k=hashlib.pbkdf2_hmac("sha256",PASS,salt,10000,32)
e=":".join(base64.b64encode(x).decode() for x in (AESGCM(k).encrypt(nonce,services,None),salt,nonce))
open(SEEDS+"two_fas/encrypted","w").write(compact({"schemaVersion":4,"servicesEncrypted":e}))
it=2; k=hashlib.pbkdf2_hmac("sha1",PASS,salt[:12],it,32)
plain=compact([{"secret":B32,"label":"rossi","digits":6,"type":"TOTP","algorithm":"SHA1","period":30}]).encode()
open(SEEDS+"andotp/encrypted","wb").write(struct.pack(">I",it)+salt[:12]+nonce+AESGCM(k).encrypt(nonce,plain,None))
