namespace LibvirtMdevHook.Domains;

/// <summary>One write to a sysfs attribute of a device, after it was created and before it goes online.</summary>
/// <param name="Value">Without control characters; at most 4095 bytes, as an attribute takes a page. What is written ends with a newline besides.</param>
internal sealed record Attr(AttrName Name, string Value);
