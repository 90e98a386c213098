//! The shipped patterns of hosts, against names typed from the legal facts and against the traps that look like the mainland.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use bund_engine::{Snapshot, address::Host, locate::locate_host, snapshot::Observed};

/// Stores, registries and partitions on the mainland.
const INSIDE: &str = "
    oss-cn-hangzhou.aliyuncs.com customers.oss-cn-shenzhen.aliyuncs.com oss-cn-beijing-internal.aliyuncs.com
    customers.oss-cn-zhangjiakou-internal.aliyuncs.com oss-cn-nanjing.aliyuncs.com oss-cn-hzfinance.aliyuncs.com
    0a1b-x2y3.cn-shenzhen.nas.aliyuncs.com shop.cn-hangzhou.log.aliyuncs.com cn-hangzhou.log.aliyuncs.com
    registry.cn-hangzhou.aliyuncs.com registry-vpc.cn-beijing.aliyuncs.com registry-internal.cn-shanghai.aliyuncs.com
    shop-registry.cn-hangzhou.cr.aliyuncs.com shop-registry-vpc.cn-hangzhou.cr.aliyuncs.com
    crpi-1a2b3c.cn-hangzhou.personal.cr.aliyuncs.com crpi-1a2b3c-vpc.cn-hangzhou.personal.cr.aliyuncs.com
    alb-1a2b3c.cn-beijing.alb.aliyuncsslb.com nlb-1a2b3c.cn-hangzhou.nlb.aliyuncsslb.com
    cos.ap-guangzhou.myqcloud.com shop-1250000000.cos.ap-beijing.myqcloud.com shop-1250000000.cos.ap-nanjing.tencentcos.cn
    cos.ap-shanghai-fsi.myqcloud.com ccr.ccs.tencentyun.com shjrccr.ccs.tencentyun.com bjjrccr.ccs.tencentyun.com
    obs.cn-north-4.myhuaweicloud.com shop.obs.cn-east-3.myhuaweicloud.com swr.cn-southwest-2.myhuaweicloud.com
    s3.cn-north-1.amazonaws.com.cn shop.s3.dualstack.cn-northwest-1.amazonaws.com.cn iam.amazonaws.com.cn
    123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn fs-0123.efs.cn-north-1.amazonaws.com.cn
    s3.cn-north-1.api.amazonwebservices.com.cn
    shop.blob.core.chinacloudapi.cn shop.chinacloudapp.cn shop.vault.azure.cn shop.azurecr.cn shop.azure-api.cn
    shop.database.chinacloudapi.cn
    tos-cn-beijing.volces.com tos-s3-cn-shanghai.volces.com shop.tos-cn-guangzhou.ivolces.com shop-cn-beijing.cr.volces.com
    bj.bcebos.com shop.su.bcebos.com s3.bj.bcebos.com shop.s3.gz.bcebos.com ccr-1a2b-pub.cnc.bj.baidubce.com
    ccr-1a2b-vpc.cnc.gz.baidubce.com
    s3.cn-north-1.jdcloud-oss.com s3-internal.cn-east-2.jdcloud-oss.com
    ks3-cn-beijing.ksyuncs.com shop.ks3-cn-shanghai-internal.ksyuncs.com
    s3-cn-bj.ufileos.com shop.s3-cn-sh2.ufileos.com s3-cn-east-1.qiniucs.com shop.s3-cn-south-1.qiniucs.com
    eos-wuxi-1.cmecloud.cn eos-yunnan.cmecloud.cn eos-yunnan-2.cmecloud.cn";

/// Names that look like those: other places, endpoints that lead anywhere, names that only begin or end alike.
const OUTSIDE: &str = "
    oss-cn-hongkong.aliyuncs.com shop.oss-cn-hongkong-internal.aliyuncs.com oss-accelerate.aliyuncs.com
    oss-accelerate-overseas.aliyuncs.com oss-ap-southeast-1.aliyuncs.com oss-me-east-1.aliyuncs.com oss-cn-north-4.aliyuncs.com
    oss-cn-hangzhou.aliyuncs.com.example.com oss-cn-hangzhou.aliyuncs.cn xoss-cn-hangzhou.aliyuncs.com
    oss-cn-hangzhoux.aliyuncs.com oss-cn-hangzhou-x.aliyuncs.com oss-cn-hangzhou-internal-x.aliyuncs.com
    a.b.oss-cn-hangzhou.aliyuncs.com aliyuncs.com tds.cn-shanghai.aliyuncs.com ecs.cn-hangzhou.aliyuncs.com
    rm-1a2b.mysql.rds.aliyuncs.com r-1a2b.redis.rds.aliyuncs.com cn-shenzhen.nas.aliyuncs.com
    x.cn-hongkong.nas.aliyuncs.com shop.cn-hongkong.log.aliyuncs.com registry.cn-hongkong.aliyuncs.com
    registry.ap-southeast-1.aliyuncs.com crpi-1a2b.cn-hongkong.personal.cr.aliyuncs.com x.vpc-proxy.aliyuncs.com
    alb-1a2b3c.cn-hongkong.alb.aliyuncsslb.com nlb-1a2b3c.ap-southeast-1.nlb.aliyuncsslbintl.com
    nlb-1a2b3c.ap-southeast-1.nlb.aliyuncsslb.com nlb-1a2b3c.cn-hangzhou.alb.aliyuncsslb.com cn-hangzhou.nlb.aliyuncsslb.com
    cos.ap-hongkong.myqcloud.com cos.ap-hongkong.tencentcos.cn shop.cos.ap-singapore.myqcloud.com cos.accelerate.myqcloud.com
    shop.cos.accelerate.myqcloud.com hkccr.ccs.tencentyun.com sgccr.ccs.tencentyun.com uswccr.ccs.tencentyun.com
    useccr.ccs.tencentyun.com deccr.ccs.tencentyun.com saoccr.ccs.tencentyun.com thccr.ccs.tencentyun.com
    xccr.ccs.tencentyun.com a.ccr.ccs.tencentyun.com shop.tencentcloudcr.com cos.cn-hangzhou.myqcloud.com
    obs.ap-southeast-1.myhuaweicloud.com shop.obs.ap-southeast-3.myhuaweicloud.com obs.cn-north-1.myhuaweicloud.eu
    iam.myhuaweicloud.com ecs.cn-north-4.myhuaweicloud.com swr.ap-southeast-1.myhuaweicloud.com
    s3.amazonaws.com s3.cn-north-1.amazonaws.com s3.ap-east-1.amazonaws.com s3.cn-north-1.amazonaws.com.cn.example.com
    xamazonaws.com.cn amazonaws.com
    shop.azurecr.io shop.blob.core.windows.net shop.trafficmanager.cn xazure.cn
    tos-cn-hongkong.volces.com tos-ap-southeast-1.ivolces.com tos-cn-beijing.bytepluses.com tos-cn-beijing.ibytepluses.com
    shop-cn-hongkong.cr.volces.com cn-beijing.cr.volces.com tos-cn-taiwan-boe.volces.com
    hkg.bcebos.com sin.bcebos.com shop.hkg.bcebos.com shop.cdn.bcebos.com ccr-1a2b-pub.cnc.hkg.baidubce.com
    s3.cn-north-4.jdcloud-oss.com ks3-cn-hk-1.ksyuncs.com shop.ks3-sgp.ksyuncs.com ks3-cn-taipei.ksyuncs.com
    s3-hk.ufileos.com s3-tw-tp.ufileos.com shop.s3-sg.ufileos.com s3-us-north-1.qiniucs.com s3-ap-southeast-1.qiniucs.com
    eos-hongkong-1.cmecloud.cn eos-wuxi-9.cmecloud.cn
    docker.io gcr.io ghcr.io quay.io registry.k8s.io mcr.microsoft.com www.example.cn gov.cn cn 12306.cn";

fn shipped() -> Snapshot {
    let source = bund::builtin::sources(bund::builtin::VOCABULARY).swap_remove(0);
    let jurisdiction = bund::manifest::read(&source).swap_remove(0).unwrap().value;
    let mut snapshot = Snapshot::default();
    assert_eq!(snapshot.observe(&jurisdiction), Observed::Fact);
    snapshot
}

#[test]
fn stores_on_the_mainland_are_inside_and_what_looks_like_them_is_not() {
    let (snapshot, mainland) = (shipped(), "cn-mainland".parse().unwrap());
    for (hosts, expected) in [(INSIDE, true), (OUTSIDE, false)] {
        for host in hosts.split_whitespace() {
            for spelt in [host.to_owned(), format!("{}.:443", host.to_uppercase())] {
                let location = locate_host(Host::of(&spelt), &mainland, snapshot.world());
                assert_eq!(location.is_inside(), expected, "{spelt}: {location}");
            }
        }
    }
}
