namespace LibvirtMdevHook.Doctor;

/// <summary>What a check has found about one thing that vGPUs need.</summary>
/// <param name="What">A sentence without its full stop.</param>
/// <param name="Remedy">What to do, as half a sentence; null where nothing is to be done.</param>
internal sealed record Finding(string What, string? Remedy, Severity Severity)
{
    /// <summary>One word for what the finding is about. A check leaves it empty; <see cref="HostChecks"/> fills it in.</summary>
    public string Topic { get; init; } = "";

    public static Finding Well(string what) => new(what, null, Severity.Well);

    public static Finding Unknown(string what, string remedy) => new(what, remedy, Severity.Unknown);

    public static Finding Hint(string what, string remedy) => new(what, remedy, Severity.Hint);

    public static Finding Wrong(string what, string remedy) => new(what, remedy, Severity.Wrong);
}

/// <summary>How bad a finding is.</summary>
internal enum Severity
{
    Well,

    /// <summary>The check could not look.</summary>
    Unknown,

    /// <summary>It keeps nothing from working, or does so only in a case that this program cannot see.</summary>
    Hint,

    /// <summary>It keeps vGPUs, or some of them, from working.</summary>
    Wrong,
}
