namespace LibvirtMdevHook.Doctor;

/// <summary>A number with its noun.</summary>
internal static class Counted
{
    /// <returns><c>1 device is</c>, or <c>2 devices are</c>.</returns>
    public static string Of(int number, string one, string many) => $"{number} {(number == 1 ? one : many)}";
}
