using System.Diagnostics.CodeAnalysis;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// A value that is written to a sysfs attribute of a device after the device was created and before
/// it goes online.
/// </summary>
/// <param name="Value">
/// At most 4095 bytes without control characters: an attribute takes a page, and a newline is added
/// to the value when it is written.
/// </param>
internal sealed record Attr(AttrName Name, string Value);

/// <summary>
/// The name of a sysfs attribute of a device that a declaration may set: one or two components, on
/// the allow-list. A person who may edit a domain must not get root's access to sysfs.
/// </summary>
internal sealed record AttrName
{
    private static readonly string[] AllowedFolders = ["nvidia", "vendor", "intel_vgpu"];

    private static readonly string[] AllowedNames =
    [
        "assign_adapter", "unassign_adapter", "assign_domain", "unassign_domain",
        "assign_control_domain", "unassign_control_domain", "ap_config",
    ];

    private static readonly string[] NeverNames =
    [
        "remove", "uevent", "config", "driver_override", "reset",
        "nvidia/current_vgpu_type", "nvidia/creatable_vgpu_types",
    ];

    private AttrName(SysfsName? folder, SysfsName file) => (Folder, File) = (folder, file);

    public SysfsName? Folder { get; }

    public SysfsName File { get; }

    /// <param name="text">The name as declared.</param>
    /// <param name="alsoAllowed">
    /// What the configuration's <c>allowed_attributes</c> adds: whole names, or <c>folder/*</c>.
    /// </param>
    public static bool TryParse(string? text, IReadOnlyCollection<string> alsoAllowed, [NotNullWhen(true)] out AttrName? name)
    {
        name = null;
        if (text?.Split('/') is not { Length: 1 or 2 } parts || !parts.All(IsPlain))
            return false;
        if (IsNever(text) || !IsAllowed(text, parts, alsoAllowed))
            return false;
        var folder = parts.Length == 2 ? SysfsName.Parse(parts[0]) : null;
        name = new AttrName(folder, SysfsName.Parse(parts[^1]));
        return true;
    }

    /// <summary>
    /// Parses a name from a record. It was checked against the configuration when the record was
    /// made.
    /// </summary>
    public static bool TryParseRecorded(string? text, [NotNullWhen(true)] out AttrName? name) =>
        TryParse(text, text is null ? [] : [text], out name);

    public HostPath In(HostPath device) => Folder is null ? device / File : device / Folder / File;

    public override string ToString() => Folder is null ? File.ToString() : $"{Folder}/{File}";

    private static bool IsAllowed(string name, string[] parts, IReadOnlyCollection<string> alsoAllowed)
    {
        if (AllowedNames.Contains(name) || alsoAllowed.Contains(name))
            return true;
        return parts.Length == 2 && (AllowedFolders.Contains(parts[0]) || alsoAllowed.Contains(parts[0] + "/*"));
    }

    private static bool IsNever(string name) =>
        NeverNames.Contains(name) || name.StartsWith("resource", StringComparison.Ordinal);

    private static bool IsPlain(string part) =>
        SysfsName.TryParse(part, out _) && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');
}
