namespace LibvirtMdevHook.Linux;

/// <summary>An absolute path on the host, below the <see cref="Root"/>.</summary>
internal readonly record struct HostPath(string Text)
{
    public static HostPath operator /(HostPath folder, SysfsName name) => new($"{folder.Text}/{name}");

    /// <summary>
    /// Only for a name that this program has in its own text. A name from outside must be a
    /// <see cref="SysfsName"/>.
    /// </summary>
    public static HostPath operator /(HostPath folder, string fixedName) => new($"{folder.Text}/{fixedName}");

    public override string ToString() => Text;
}
