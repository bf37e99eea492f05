using LibvirtMdevHook.SystemTests.Lab;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Another hook beside ours: lines of shell, which get the domain's name and the operation.</summary>
internal sealed class OtherHook : IDisposable
{
    private readonly string _file;

    public OtherHook(HermeticLibvirtd lab, string name, string lines)
    {
        _file = Path.Combine(lab.Folder, "etc-libvirt/hooks/qemu.d", name);

        // libvirtd executes each file in the folder as soon as it is executable.
        var unfinished = Path.Combine(lab.Folder, name);
        File.WriteAllText(unfinished, $"#!/bin/sh\n{lines}\n");
        File.SetUnixFileMode(unfinished, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.Move(unfinished, _file);
    }

    public void Dispose() => File.Delete(_file);
}
