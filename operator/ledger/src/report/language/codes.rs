//! What the codes of entries are called.

/// Codes, each with its name in English and in 简体中文.
pub(super) const CODES: &[(&str, &str, &str)] = &[
    // Events of the log itself.
    ("LogOpened", "Shard opened", "开启分片"),
    ("LogClosed", "Shard closed", "关闭分片"),
    ("KeyRotated", "Keys changed", "更换密钥"),
    ("LossAccepted", "Loss accepted", "确认丢失"),
    ("ShardDropped", "Shard dropped", "删除分片"),
    ("Document", "Document", "文档"),
    ("Noted", "Note", "说明"),
    // Events of transfers.
    ("Decided", "Decision", "审批决定"),
    ("Approved", "Approved", "批准"),
    ("Rejected", "Rejected", "驳回"),
    ("Revoked", "Revoked", "撤销"),
    ("DecisionRefused", "Decision did not count", "决定不作数"),
    ("Activated", "Took effect", "生效"),
    ("Suspended", "Suspended", "暂停"),
    ("Resumed", "In effect again", "恢复生效"),
    ("Expired", "Expired", "到期"),
    ("Superseded", "Superseded", "被取代"),
    // Protection.
    ("ModeDowngraded", "Protects less", "保护降级"),
    ("Declassified", "Class taken away", "去除类别"),
    ("GlassBroken", "Glass broken", "启用紧急放行"),
    ("GlassWhole", "Break-glass over", "紧急放行结束"),
    // Enforcement.
    ("Found", "Found", "发现"),
    ("Resolved", "Resolved", "已解决"),
    ("Evicting", "To be evicted", "准备驱逐"),
    ("Evicted", "Evicted", "驱逐"),
    ("Tainted", "Tainted", "标记污点"),
    ("Untainted", "Taint removed", "去除污点"),
];
