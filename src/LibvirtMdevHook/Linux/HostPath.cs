namespace LibvirtMdevHook.Linux;

/// <summary>An absolute path on the host, below the <see cref="Root"/>.</summary>
internal readonly record struct HostPath(string Text)
{
    public static HostPath operator /(HostPath folder, SysfsName name) => new($"{folder.Text}/{name}");

    /// <summary>A fixed name that this program wrote itself; anything from outside goes through <see cref="SysfsName"/>.</summary>
    public static HostPath operator /(HostPath folder, string fixedName) => new($"{folder.Text}/{fixedName}");

    public override string ToString() => Text;
}
