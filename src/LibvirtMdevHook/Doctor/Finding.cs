namespace LibvirtMdevHook.Doctor;

/// <summary>What a look at the host has found of one thing that vGPUs need.</summary>
/// <param name="Topic">One word for what it is about.</param>
/// <param name="What">A sentence without its end.</param>
/// <param name="Remedy">What to do, as half a sentence; null where nothing is to be done.</param>
internal sealed record Finding(string Topic, string What, string? Remedy, Severity Severity)
{
    public static Finding Well(string topic, string what) => new(topic, what, null, Severity.Well);

    public static Finding Unknown(string topic, string what, string remedy) => new(topic, what, remedy, Severity.Unknown);

    public static Finding Hint(string topic, string what, string remedy) => new(topic, what, remedy, Severity.Hint);

    public static Finding Wrong(string topic, string what, string remedy) => new(topic, what, remedy, Severity.Wrong);
}

/// <summary>How bad it is.</summary>
internal enum Severity
{
    Well,

    /// <summary>It could not be found out.</summary>
    Unknown,

    /// <summary>It keeps nothing from working, or only in a case that cannot be told from here.</summary>
    Hint,

    /// <summary>It keeps vGPUs, or some of them, from working.</summary>
    Wrong,
}
