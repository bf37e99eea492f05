namespace LibvirtMdevHook.HotPlug;

/// <summary>Which of a domain's two definitions is changed.</summary>
internal enum Affect
{
    /// <summary>The domain that runs: virsh's <c>--live</c>.</summary>
    Live,

    /// <summary>What its next start begins with: virsh's <c>--config</c>.</summary>
    Config,
}
